/// Repeats one operation: `Microbenchmarks NAME COUNT`.
///
/// It measures nothing itself: `micro.py` runs it under valgrind with two counts, and takes the difference.
@main
struct Microbenchmarks {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, let name = Operation(rawValue: arguments[1]), let count = Int(arguments[2]) else {
            print("usage: Microbenchmarks \(Operation.allCases.map(\.rawValue).joined(separator: "|")) COUNT")
            throw Usage()
        }
        try await name.run(count: count)
    }

    private struct Usage: Error {}
}
