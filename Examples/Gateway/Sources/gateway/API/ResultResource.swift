import CloakroomDomain

/// The result of an execution as the API writes it; one that has not ended has only its status.
enum ResultResource {
    static func json(_ execution: Execution) -> JSONOutput {
        var members: [JSONOutput.Member] = [
            ("execution_id", .string(execution.id.description)), ("status", .string(execution.state.name)),
        ]
        switch execution.state {
        case .completed(let outcome, let latency):
            members.append(("output", Self.output(outcome)))
            members.append(("cost", .string(execution.cost.description)))
            members.append(("latency_ms", .integer(Self.milliseconds(latency))))
        // Who gets nothing pays nothing.
        case .failed(let failure):
            members.append(("error", ExecutionResource.error(failure)))
            members.append(("cost", .string(Amount.zero.description)))
        case .cancelled: members.append(("cost", .string(Amount.zero.description)))
        case .pending, .processing: break
        }
        return .object(members)
    }

    private static func output(_ outcome: ExecutionOutcome) -> JSONOutput {
        let kind =
            switch outcome.mediaType.topLevelType {
            case "image": "images"
            case "video": "videos"
            case "audio": "audios"
            default: "files"
            }
        let members: [JSONOutput.Member] = [
            ("file_id", .string(outcome.fileID.description)), ("format", .string(outcome.format)),
        ]
        return .object([(kind, .array([.object(members + ExecutionResource.dimensions(outcome))]))])
    }

    private static func milliseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return seconds * 1_000 + attoseconds / 1_000_000_000_000_000
    }
}
