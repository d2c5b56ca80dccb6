import Testing

@testable import CloakroomServer

/// How descriptors are shared out: 360 and 10 for each core are left alone, two origins have two for each connection.
struct DescriptorBudgetTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let descriptors: Int
        let cores: Int
        let openBlobs: Int
        let connections: Int

        var testDescription: String { "\(self.descriptors) descriptors, \(self.cores) cores" }
    }

    static let budgets: [Case] = [
        Case(descriptors: 512, cores: 2, openBlobs: 32, connections: 17),
        Case(descriptors: 1_024, cores: 2, openBlobs: 51, connections: 135),
        Case(descriptors: 4_096, cores: 4, openBlobs: 204, connections: 822),
        Case(descriptors: 65_536, cores: 8, openBlobs: 2_048, connections: 15_250),
        Case(descriptors: 1_048_576, cores: 2, openBlobs: 2_048, connections: 16_384),
        Case(descriptors: .max, cores: 64, openBlobs: 2_048, connections: 16_384),
        // There is no room for what is left alone: a few connections are better than none.
        Case(descriptors: 256, cores: 2, openBlobs: 32, connections: 4),
    ]

    @Test(arguments: Self.budgets)
    func descriptorsAreSharedOut(_ example: Case) {
        let budget = DescriptorBudget(descriptors: example.descriptors, cores: example.cores)
        #expect(budget.openBlobs == example.openBlobs)
        #expect(budget.connections == example.connections)
    }

    /// With all connections busy, and as many blobs and packs open as may be, some are left.
    @Test(arguments: [1, 2, 3, 8, 64])
    func bothOriginsTogetherLeaveTheReserve(cores: Int) {
        let reserve = 360 + 10 * cores
        for descriptors in stride(from: reserve + 200, to: 200_000, by: 997) {
            let budget = DescriptorBudget(descriptors: descriptors, cores: cores)
            #expect(2 * 2 * budget.connections + 2 * budget.openBlobs <= descriptors - reserve)
        }
    }
}
