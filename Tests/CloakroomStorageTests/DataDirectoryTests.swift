import Foundation
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

@Suite("What a directory contains before it is opened as a data directory")
struct DataDirectoryTests {
    struct Case: Sendable, CustomTestStringConvertible {
        /// Paths below the directory; those that end with a slash are directories, the others files with a byte.
        let entries: [String]
        let content: DataDirectory.Content
        var testDescription: String { self.entries.joined(separator: " ") }
    }

    private static let cases: [Case] = [
        Case(entries: [], content: .empty),
        Case(entries: ["lost+found/"], content: .empty),
        Case(entries: ["lost+found/#12345", ".gitignore"], content: .empty),
        // What a first start leaves that is killed at any moment.
        Case(entries: ["lock"], content: .empty),
        Case(entries: ["lock", "reserve", "catalog.sqlite-journal"], content: .empty),
        Case(entries: ["blobs/", "lock"], content: .empty),
        Case(entries: ["blobs/00/", "blobs/staging/", "blobs/quarantine/"], content: .empty),
        Case(entries: [".signing-keys.4711"], content: .empty),
        Case(entries: ["catalog.sqlite"], content: .store),
        Case(entries: ["catalog.sqlite", "photo.jpg"], content: .store),
        Case(entries: ["signing-keys", "lock"], content: .storeWithoutCatalog(["signing-keys"])),
        Case(entries: ["blobs/packs/0"], content: .storeWithoutCatalog(["blobs"])),
        Case(entries: ["blobs"], content: .storeWithoutCatalog(["blobs"])),
        Case(entries: ["catalog.sqlite-wal"], content: .storeWithoutCatalog(["catalog.sqlite-wal"])),
        Case(entries: ["photo.jpg"], content: .foreign(["photo.jpg"])),
        Case(entries: [".hidden"], content: .foreign([".hidden"])),
        Case(entries: ["src/"], content: .foreign(["src"])),
        Case(entries: ["signing-keys", "photo.jpg", "a"], content: .foreign(["a", "photo.jpg"])),
        Case(entries: ["Lost+Found/"], content: .foreign(["Lost+Found"])),
    ]

    private static func make(_ entries: [String], in path: String) throws {
        for entry in entries {
            let url = URL(filePath: "\(path)/\(entry)")
            let directory = entry.hasSuffix("/") ? url : url.deletingLastPathComponent()
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            if !entry.hasSuffix("/") { try Data([1]).write(to: url) }
        }
    }

    @Test(arguments: cases)
    func contentIsToldByNames(_ example: Case) throws {
        let temporary = try TemporaryDirectory()
        try Self.make(example.entries, in: temporary.path)
        #expect(try DataDirectory.content(at: temporary.path) == example.content)
    }

    @Test(arguments: cases.filter { $0.content != .store })
    func nothingIsChangedInADirectoryThatIsRefused(_ example: Case) throws {
        let temporary = try TemporaryDirectory()
        try Self.make(example.entries, in: temporary.path)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: temporary.path)
        let names = try FileManager.default.subpathsOfDirectory(atPath: temporary.path).sorted()
        for exclusively in [true, false] {
            let error = #expect(throws: DataDirectory.OpenError.self) {
                try DataDirectory(path: temporary.path, creates: false, exclusively: exclusively)
            }
            let isPart = if case .storeWithoutCatalog = example.content { true } else { false }
            let told =
                isPart
                ? "\(temporary.path)/catalog.sqlite is missing or empty"
                : "data directory \(temporary.path) contains no database"
            #expect(error?.description.hasPrefix(told) == true)
        }
        if case .foreign(let entries) = example.content {
            let error = #expect(throws: DataDirectory.OpenError.self) {
                try DataDirectory(path: temporary.path, exclusively: true)
            }
            #expect(error?.description.contains("is not empty") == true)
            #expect(entries.allSatisfy { error?.description.contains($0) == true })
        }
        #expect(try FileManager.default.subpathsOfDirectory(atPath: temporary.path).sorted() == names)
        let mode = try FileManager.default.attributesOfItem(atPath: temporary.path)[.posixPermissions] as? NSNumber
        #expect(mode?.intValue == 0o755)
    }

    /// Paths below which no directory can be made; each relative to the temporary directory.
    @Test(arguments: [
        "dangling", "dangling/", "dangling/data", "dangling/a/b", "loop", "loop/data", "file", "file/data",
    ])
    func aPathThatLeadsNowhereIsAnError(_ name: String) throws {
        let temporary = try TemporaryDirectory()
        let path = temporary.path
        try FileManager.default.createSymbolicLink(atPath: path + "/dangling", withDestinationPath: path + "/missing/x")
        try FileManager.default.createSymbolicLink(atPath: path + "/loop", withDestinationPath: "loop")
        try Data().write(to: URL(filePath: path + "/file"))
        let error = #expect(throws: DataDirectory.OpenError.self) {
            try DataDirectory(path: "\(path)/\(name)", exclusively: true)
        }
        #expect(error?.description.hasPrefix("data directory \(path)/\(name): ") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: path).sorted() == ["dangling", "file", "loop"])
    }

    @Test(arguments: ["/proc/cloakroom", "/proc/cloakroom/data", "/proc/self/fd/cloakroom/data/"])
    func whereNoDirectoryCanBeMadeTheAttemptEnds(_ path: String) {
        #expect(throws: DataDirectory.OpenError.self) { try DataDirectory(path: path, exclusively: true) }
    }
}
