package import CloakroomSystem
import Glibc

/// What is wrong with the bytes of a ready file.
package enum BlobDamage: Hashable, Sendable, CustomStringConvertible {
    /// They are not there.
    case missing
    /// There are more or fewer than the row says.
    case wrongLength(expected: Int64, found: Int64)
    /// They are not those that were sealed.
    case wrongDigest
    /// The disk does not give them; the call that says so.
    case unreadable(String)

    /// What a failed call says of the bytes; `nil` where it says nothing of them, as without descriptors or memory.
    package init?(_ error: SystemCallError) {
        switch error.code {
        case ENOENT: self = .missing
        // The disk, the file system's own structures, their checksums.
        case EIO, EUCLEAN, EBADMSG, EILSEQ: self = .unreadable(error.description)
        default: return nil
        }
    }

    /// Whether bytes are there and wrong, and not a disk that does not give them.
    package var isOfBytes: Bool {
        switch self {
        case .missing, .unreadable: false
        case .wrongDigest, .wrongLength: true
        }
    }

    package var description: String {
        switch self {
        case .missing: "missing"
        case .wrongLength(let expected, let found): "length \(found) instead of \(expected)"
        case .wrongDigest: "sha256 differs"
        case .unreadable(let call): "unreadable: \(call)"
        }
    }
}
