import CloakroomDomain

/// A presigned URL with one change to it: granted exactly if it still means the same.
///
/// What a request means is restated here: the path as it stands, the parameters decoded, the values of its signed
/// fields without regard to runs of spaces, and HEAD as GET. The fuzzer may find another spelling of a URL, no more.
enum PresignedURLCheck {
    static func run(_ bytes: [UInt8]) throws(Violation) {
        guard let fixture = PresignedFixture.shared else { throw Violation("the fixture is not valid") }
        guard let tampering = Tampering(bytes) else { return }
        let original = tampering.isUpload ? fixture.upload : fixture.download
        guard let changed = tampering.apply(to: original) else { return }
        let isSame = self.isAdditionAllowed(changed, original) && Meaning(changed) == Meaning(original)
        func subject() -> String {
            let fields = changed.fields.map { "\($0.name.text): \($0.value.text)" }
            return "\(changed.method.text) \(changed.target.text) \(fields)"
        }
        switch fixture.verify(changed, keyRing: fixture.keyRing) {
        case .success(let grant):
            try Violation.unless(isSame, "a presigned request that was changed is refused", subject())
            try Violation.unless(self.fileID(grant) == fixture.file.id, "a grant is for the file that was signed")
        case .failure(let error):
            try Violation.unless(
                !isSame, "a presigned request in another spelling is granted", "\(error): \(subject())")
        }
    }

    /// What the signature has to hold fast.
    private struct Meaning: Equatable {
        let method: [UInt8]
        let path: [UInt8]
        let query: [UInt8]
        let signedValues: [[UInt8]]

        init(_ request: PlainRequest) {
            self.method = request.method == Array("HEAD".utf8) ? Array("GET".utf8) : request.method
            self.path = request.path
            self.query = request.query.canonical
            self.signedValues = ["content-length", "content-type"].map { request.canonicalValue(of: Array($0.utf8)) }
        }
    }

    /// The `x-amz-*` fields that S3's clients add to a URL without signing them.
    private static func isAdditionAllowed(_ changed: PlainRequest, _ original: PlainRequest) -> Bool {
        changed.fields.dropFirst(original.fields.count).allSatisfy { field in
            let name = field.name.text
            return name.utf8.starts(with: "x-amz-checksum-".utf8) || name == "x-amz-sdk-checksum-algorithm"
                || (name == "x-amz-content-sha256" && field.value == Array("UNSIGNED-PAYLOAD".utf8))
        }
    }

    private static func fileID(_ grant: Grant) -> FileID {
        switch grant {
        case .upload(let grant): grant.fileID
        case .download(let grant): grant.fileID
        }
    }
}
