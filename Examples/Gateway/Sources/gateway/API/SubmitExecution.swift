import CloakroomClient
import CloakroomCrypto
import CloakroomDomain
import Foundation
import HTTPTypes
import Hummingbird

/// `POST /v1/executions`: 202, and a model is run.
///
/// With an `Idempotency-Key` the answer comes at once, and its status is `PENDING`. Without one it comes when the
/// execution has ended, with its result, or after ``longestWait`` with the status that it then has: the listings of the
/// reference expect either.
struct SubmitExecution: Sendable {
    /// How long a request without an `Idempotency-Key` waits for the end.
    static let longestWait = Duration.seconds(60)
    private static let keyField = HTTPField.Name("Idempotency-Key")

    let models: [String: Model]
    let executions: Executions
    let pool: ExecutionPool
    let client: CloakroomClient

    func callAsFunction(_ account: Account, _ request: Request) async throws(GatewayError) -> Response {
        let key = try Self.idempotencyKey(request)
        let body = try await JSONBody.collect(request.body)
        let submission = key.map { IdempotentSubmission(key: $0, fingerprint: SHA256.hash(body)) }
        let now = Timestamp(secondsSinceEpoch: Int64(Date().timeIntervalSince1970))
        if let submission,
            let known = try self.executions.execution(repeating: submission, of: account.organization, now: now)
        {
            return Self.accepted(known)
        }
        let (model, input) = try self.decode(body)
        var values = try InputValues(input, for: model)
        let variant = try values.variant(of: model)
        let resolved = try await self.resolve(input, account, model)
        try values.resolve(by: resolved)
        let execution = Execution(of: model, for: account.organization, now: now)
        switch try self.executions.submit(execution, submission) {
        case .repeated(let known): return Self.accepted(known)
        case .new(let end):
            self.pool.enqueue(
                Job(
                    id: execution.id, organization: account.organization, model: model, command: variant.command,
                    values: values, submittedAt: .now))
            guard submission == nil else { return Self.accepted(execution) }
            await Self.wait(for: end)
            return Self.accepted(try self.executions.execution(execution.id, of: account.organization))
        }
    }

    private static func idempotencyKey(_ request: Request) throws(GatewayError) -> IdempotencyKey? {
        let values = Self.keyField.map { request.headers[values: $0] } ?? []
        guard !values.isEmpty else { return nil }
        guard values.count == 1, let key = IdempotencyKey(values[0]) else {
            throw .invalid("Idempotency-Key", "must be \(IdempotencyKey.rule), sent once")
        }
        return key
    }

    private func decode(_ body: [UInt8]) throws(GatewayError) -> (Model, ArraySlice<UInt8>) {
        let document: RequestDocument
        do throws(RequestDocument.Failure) {
            document = try RequestDocument(body)
        } catch .tooDeep {
            throw .invalid("body", "is nested too deep")
        } catch .repeatedMember(let member, let pointer) {
            throw .invalid(member, pointer == .root ? "was sent twice" : "has a member twice: \(pointer)")
        } catch {
            throw .invalid("body", "must be a JSON object")
        }
        let name = document["model"].flatMap { try? JSONDecoder().decode(String.self, from: Data($0)) }
        guard let model = name.flatMap({ self.models[$0] }) else {
            throw .invalid("model", "must be one of \(self.models.keys.sorted().joined(separator: ", "))")
        }
        guard let input = document["input"] else { throw .invalid("input", "is required") }
        return (model, input)
    }

    /// Lets the service check the input: no raw URLs, files that are there, of types that the model takes.
    private func resolve(
        _ input: ArraySlice<UInt8>, _ account: Account, _ model: Model
    ) async throws(GatewayError) -> ResolvedInput {
        do throws(CloakroomError) {
            return try await self.client.resolveInput(
                Array(input), of: account.organization, accept: model.acceptedTypes)
        } catch {
            throw GatewayError(error)
        }
    }

    private static func wait(for end: AsyncStream<Void>) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in end {} }
            group.addTask { _ = try? await Task.sleep(for: Self.longestWait) }
            _ = await group.next()
            group.cancelAll()
        }
    }

    private static func accepted(_ execution: Execution) -> Response {
        JSONBody.response(ExecutionResource.json(execution), status: .accepted)
    }
}
