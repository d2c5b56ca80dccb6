import CloakroomDomain
import Foundation
import Logging
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

@Suite("The file of signing keys")
struct SigningKeyFileTests {
    private let temporary: TemporaryDirectory
    private let directory: DataDirectory
    private let file: SigningKeyFile

    init() throws {
        self.temporary = try TemporaryDirectory()
        self.directory = try DataDirectory(path: self.temporary.path, exclusively: false)
        self.file = SigningKeyFile(directory: self.directory)
    }

    private func write(_ text: String, mode: Int = 0o600) throws {
        let path = self.directory.path(of: SigningKeyFile.name)
        try Data(text.utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    @Test func writtenKeysAreReadBackInOrder() throws {
        let keys = try (0..<3).map { _ in try SigningKey.generate(now: Fixture.now) }
        try self.file.write(keys)
        let read = try self.file.read().keys
        #expect(read.map(\.accessKeyID) == keys.map(\.accessKeyID))
        #expect(read.map { $0.revealSecret() } == keys.map { $0.revealSecret() })
        let attributes = try FileManager.default.attributesOfItem(atPath: self.directory.path(of: SigningKeyFile.name))
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: self.temporary.path) == [SigningKeyFile.name])
    }

    static let line = "CLKAAAAAAAAAAAAAAAAA secretsecretsecret 2026-03-20T11:30:00Z"

    @Test(
        "Lines that are keys", arguments: [line, line + "\n", "# note\n\n\(line)\n", line.replacing(" ", with: "\t")])
    func accepts(text: String) throws {
        try self.write(text)
        #expect(try self.file.read().keys.map(\.accessKeyID) == ["CLKAAAAAAAAAAAAAAAAA"])
    }

    @Test(
        "Lines that are none",
        arguments: [
            "x", "CLKAAAAAAAAAAAAAAAAA secretsecretsecret", line + " more",
            "CLK secretsecretsecret 2026-03-20T11:30:00Z",
            "CLKAAAAAAAAAAAAAAAAA short 2026-03-20T11:30:00Z",
            "CLKAAAAAAAAAAAAAAAAA secretsecretsecret 2026-02-30T00:00:00Z",
            "CLK/AAAAAAAAAAAAAAAA secretsecretsecret 2026-03-20T11:30:00Z",
        ])
    func rejects(text: String) throws {
        try self.write("# first line\n" + text)
        let failure = SigningKeyFile.Failure.malformed(path: self.directory.path(of: SigningKeyFile.name), line: 2)
        #expect(throws: failure) { try self.file.read() }
        #expect(!failure.description.contains("secretsecret"))
    }

    @Test func aFileThatOthersCanReadIsRefused() throws {
        try self.write(Self.line, mode: 0o640)
        #expect(throws: SigningKeyFile.Failure.self) { try self.file.read() }
    }

    @Test func noKeyTwiceAndNoneAtAllAreRefused() throws {
        #expect(throws: SigningKeyFile.Failure.self) { try self.file.read() }
        try self.write("")
        #expect(throws: SigningKeyFile.Failure.self) { try self.file.read() }
        try self.write("\(Self.line)\n\(Self.line)\n")
        #expect(throws: SigningKeyFile.Failure.self) { try self.file.read() }
    }

    @Test func noFlippedBitAndNoLengthIsTakenForOtherKeys() throws {
        let keys = try (0..<2).map { _ in try SigningKey.generate(now: Fixture.now) }
        try self.file.write(keys)
        let path = self.directory.path(of: SigningKeyFile.name)
        let url = URL(filePath: path)
        let right = try Data(contentsOf: url)
        // As the sha256sum program sees it.
        let pipe = try #require(popen("echo \"# sha256 $(tail -n +2 '\(path)' | sha256sum | cut -c -64)\"", "r"))
        defer { pclose(pipe) }
        var line = [CChar](repeating: 0, count: 100)
        #expect(fgets(&line, 100, pipe) != nil)
        #expect(right.starts(with: line.prefix { $0 != 0 }.map { UInt8($0) }))
        for index in right.indices {
            for wrong in [right[..<index] + [right[index] ^ 1] + right[(index + 1)...], right[..<index]] {
                try self.write(String(decoding: wrong, as: UTF8.self))
                // Only the digest's own line may be another: the keys are what they were.
                guard let read = try? self.file.read().keys else { continue }
                #expect(read.map { $0.revealSecret() } == keys.map { $0.revealSecret() }, "byte \(index)")
                #expect(read.map(\.accessKeyID) == keys.map(\.accessKeyID), "byte \(index)")
            }
        }
        #expect(throws: SigningKeyFile.Failure.damaged(path: path)) {
            try self.write(String(decoding: right.dropLast(4), as: UTF8.self))
            _ = try self.file.read()
        }
    }

    @Test func aChangeIsTakenOverAndABrokenFileIsNot() throws {
        try self.write(Self.line)
        let live = try SigningKeyWatcher(
            file: self.file, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let key = try SigningKey.generate(now: Fixture.now)
        try self.file.write([key])
        live.reload()
        #expect(live.keys.keyRing.signing.accessKeyID == key.accessKeyID)
        try self.write("broken")
        live.reload()
        #expect(live.keys.keyRing.signing.accessKeyID == key.accessKeyID)
    }
}
