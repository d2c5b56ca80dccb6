/// `gateway.json` as it is written; README.md says what each member means.
struct ConfigurationDocument: Decodable {
    struct Account: Decodable {
        let organization: String
        let keySHA256: String
        let balance: String

        private enum CodingKeys: String, CodingKey {
            case organization, balance
            case keySHA256 = "key_sha256"
        }
    }

    struct Model: Decodable {
        let cost: String
        let holdFactor: String
        let timeoutSeconds: Int64
        let inputs: [String: Input]
        let variants: [Variant]
        let output: Output

        private enum CodingKeys: String, CodingKey {
            case cost, inputs, variants, output
            case holdFactor = "hold_factor"
            case timeoutSeconds = "timeout_seconds"
        }
    }

    struct Input: Decodable {
        let kind: String
        let accept: [String]?
        let minimum: Int64?
        let maximum: Int64?
        let defaultValue: Int64?

        private enum CodingKeys: String, CodingKey {
            case kind, accept, minimum, maximum
            case defaultValue = "default"
        }
    }

    struct Variant: Decodable {
        let requires: [String]
        let command: [String]
    }

    struct Output: Decodable {
        let filename: String
        let contentType: String
        let maximumBytes: Int64?

        private enum CodingKeys: String, CodingKey {
            case filename
            case contentType = "content_type"
            case maximumBytes = "maximum_bytes"
        }
    }

    let cloakroom: String
    let accounts: [Account]
    let models: [String: Model]
    let concurrentExecutions: Int?

    private enum CodingKeys: String, CodingKey {
        case cloakroom, accounts, models
        case concurrentExecutions = "concurrent_executions"
    }
}
