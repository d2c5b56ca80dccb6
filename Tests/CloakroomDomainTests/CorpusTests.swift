import Foundation
import FuzzChecks
import Testing

/// The corpora of the fuzz targets: what was found once stays mended, where there is no libFuzzer too.
///
/// Each rule that an input is held to is an independent statement of a standard; `Fuzzing/README.md` has more.
struct CorpusTests {
    struct Input: CustomTestStringConvertible, Sendable {
        let check: FuzzCheck
        let file: URL

        var testDescription: String { "\(self.check.rawValue)/\(self.file.lastPathComponent)" }
    }

    /// `Fuzzing` in the package's root, three levels above this file's name.
    private static let directory: URL = {
        var directory = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { directory.deleteLastPathComponent() }
        return directory.appendingPathComponent("Fuzzing", isDirectory: true)
    }()

    private static func names(in directory: String) throws -> [String] {
        let path = Self.directory.appendingPathComponent(directory).path(percentEncoded: false)
        return try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }

    private static func load(_ check: FuzzCheck) throws -> [Input] {
        let corpus = "Corpora/\(check.rawValue)"
        return try Self.names(in: corpus).map { name in
            Input(check: check, file: Self.directory.appendingPathComponent("\(corpus)/\(name)"))
        }
    }

    /// Every input that is kept; ``everyTargetHasACorpus()`` tells where a corpus is absent.
    static let inputs: [Input] = FuzzCheck.allCases.flatMap { (try? Self.load($0)) ?? [] }

    @Test
    func everyTargetHasACorpus() throws {
        let targets = FuzzCheck.allCases.map(\.rawValue).sorted()
        #expect(try Self.names(in: "Corpora") == targets)
        #expect(try Self.names(in: "Dictionaries") == targets.map { "\($0).dict" })
        #expect(try Self.names(in: "Sources") == targets.map { "\($0).swift" })
        for check in FuzzCheck.allCases {
            let count = try Self.load(check).count
            #expect(count >= 12, "\(check.rawValue)")
        }
    }

    @Test(arguments: Self.inputs)
    func inputHoldsToEveryRule(_ input: Input) throws {
        let bytes = Array(try Data(contentsOf: input.file))
        #expect(throws: Never.self) { try input.check(bytes) }
    }

    @Test(arguments: FuzzCheck.allCases)
    func shortestInputsHoldToEveryRule(_ check: FuzzCheck) {
        #expect(throws: Never.self) { try check([]) }
        for byte in UInt8.min...UInt8.max {
            #expect(throws: Never.self) { try check([byte]) }
        }
    }
}
