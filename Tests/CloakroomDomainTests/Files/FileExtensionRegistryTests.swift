import CloakroomDomain
import Foundation
import Testing

/// Whether Debian's shared-mime-info is installed where the tests run.
private let hasRegistry = FileManager.default.fileExists(atPath: "/usr/share/mime/globs2")

/// Every pair of extension and type that shared-mime-info knows, as it is installed where the tests run.
struct FileExtensionRegistryTests {
    static let directory = "/usr/share/mime"

    /// The two columns of a file of the database.
    private static func columns(_ name: String, separator: Character) throws -> [(first: String, second: String)] {
        let text = try String(contentsOfFile: "\(self.directory)/\(name)", encoding: .utf8)
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { line in
            let words = line.split(separator: separator).map(String.init)
            return words.count >= 2 ? (words[0], words[1]) : nil
        }
    }

    /// Each extension with the types of its globs.
    private static func globs() throws -> [String: Set<String>] {
        let text = try String(contentsOfFile: "\(self.directory)/globs2", encoding: .utf8)
        var types: [String: Set<String>] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let words = line.split(separator: ":").map(String.init)
            guard words.count >= 3, words[2].hasPrefix("*."),
                !words[2].dropFirst().contains(where: { "*?[".contains($0) })
            else { continue }
            types[String(words[2].dropFirst(2)), default: []].insert(words[1])
        }
        return types
    }

    /// Aliases, parents, children, and aliases of these: what a client with this database can say of such a file.
    @Test(.enabled(if: hasRegistry, "needs Debian's shared-mime-info"))
    func everyRelatedTypeOfEveryGlobIsAccepted() throws {
        let aliases = Dictionary(grouping: try Self.columns("aliases", separator: " "), by: \.second)
        let subclasses = try Self.columns("subclasses", separator: " ")
        let parents = Dictionary(grouping: subclasses, by: \.first)
        let children = Dictionary(grouping: subclasses, by: \.second)
        var (tried, unreadable) = (0, Set<String>())
        for (suffix, types) in try Self.globs() {
            var related = types
            for type in types {
                related.formUnion((parents[type] ?? []).map(\.second))
                related.formUnion((children[type] ?? []).map(\.first))
            }
            for type in related { related.formUnion((aliases[type] ?? []).map(\.first)) }
            let filename = try Filename("a.\(suffix)")
            for type in related {
                guard let mediaType = MediaType(type) else {
                    unreadable.insert(String(type.prefix { $0 != "/" }))
                    continue
                }
                tried += 1
                let contradiction = FileExtension.contradiction(of: mediaType, by: filename)
                #expect(contradiction == nil, "\(filename) as \(type)")
            }
        }
        #expect(tried > 2000)
        // Top-level types that are none: of directories, of volumes, of other systems.
        let outside: Set = ["inode", "x-content", "x-epoc", "zz-application", "flv-application", "x-directory"]
        #expect(unreadable.isSubset(of: outside))
    }

    /// The type that stands for an extension where a client names none is one, and does not contradict it.
    @Test
    func everyUsualTypeIsAMediaType() throws {
        let suffixes = try Self.globs().keys
        #expect(suffixes.count > 500)
        var known = 0
        for suffix in suffixes {
            let filename = try Filename("a.\(suffix)")
            guard let usual = FileExtension.mediaType(of: filename) else { continue }
            known += 1
            #expect(MediaType(usual.text) == usual)
            #expect(FileExtension.contradiction(of: usual, by: filename) == nil, "\(filename) as \(usual)")
        }
        #expect(known > 500)
    }

    /// The types of sound and video go with no name of a picture, but for motion JPEG, which is a kind of JPEG there.
    @Test(.enabled(if: hasRegistry, "needs Debian's shared-mime-info"))
    func typesOfOtherMediaAreRefused() throws {
        let names = ["a.png", "a.jpg", "a.gif", "a.webp", "a.bmp", "a.tiff"]
        let types = Set(try Self.globs().values.joined()).filter { $0.hasPrefix("audio/") || $0.hasPrefix("video/") }
        #expect(types.count > 50)
        for name in names {
            let filename = try Filename(name)
            for type in types where type != "video/x-mjpeg" {
                let mediaType = try #require(MediaType(type))
                let contradiction = FileExtension.contradiction(of: mediaType, by: filename)
                #expect(contradiction != nil, "\(name) as \(type)")
            }
        }
    }
}
