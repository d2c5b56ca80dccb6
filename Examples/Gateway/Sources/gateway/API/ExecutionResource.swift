import CloakroomDomain

/// An execution as the API writes it.
enum ExecutionResource {
    static func json(_ execution: Execution) -> JSONOutput {
        var members: [JSONOutput.Member] = [
            ("id", .string(execution.id.description)), ("status", .string(execution.state.name)),
            ("model", .string(execution.model)), ("hold_amount", .string(execution.hold.description)),
            ("estimated_cost", .string(execution.cost.description)),
            ("expires_at", .string(execution.expiresAt.rfc3339)), ("created_at", .string(execution.createdAt.rfc3339)),
        ]
        switch execution.state {
        case .completed(let outcome, _): members.append(("result", Self.result(outcome)))
        case .failed(let failure): members.append(("error", Self.error(failure)))
        case .pending, .processing, .cancelled: break
        }
        return .object(members)
    }

    private static func result(_ outcome: ExecutionOutcome) -> JSONOutput {
        let members: [JSONOutput.Member] = [
            ("file_id", .string(outcome.fileID.description)), ("content_type", .string(outcome.mediaType.text)),
        ]
        return .object(members + Self.dimensions(outcome))
    }

    /// The size of a picture; a video has none.
    static func dimensions(_ outcome: ExecutionOutcome) -> [JSONOutput.Member] {
        guard let dimensions = outcome.dimensions else { return [] }
        return [("width", .integer(dimensions.width)), ("height", .integer(dimensions.height))]
    }

    static func error(_ failure: ExecutionFailure) -> JSONOutput {
        .object([("code", .string(failure.code)), ("message", .string(failure.message))])
    }
}
