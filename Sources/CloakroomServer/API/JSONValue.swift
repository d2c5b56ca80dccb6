/// A JSON value of a field, for fields that are checked one by one.
///
/// Arrays and objects are recognised and not descended into: a field that may hold an array is a ``JSONList``, and a
/// hostile body may nest them by the hundred.
enum JSONValue: Decodable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array
    case object

    init(from decoder: any Decoder) throws {
        if (try? decoder.unkeyedContainer()) != nil {
            self = .array
            return
        }
        if (try? decoder.container(keyedBy: AnyKey.self)) != nil {
            self = .object
            return
        }
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else {
            self = .number(try container.decode(Double.self))
        }
    }

    private enum AnyKey: CodingKey {}

    /// What it is, for messages.
    var kind: String {
        switch self {
        case .null: "null"
        case .boolean(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let value): "\"\(value.excerpt)\""
        case .array: "an array"
        case .object: "an object"
        }
    }
}

/// A field that should be an array, whose elements are checked one by one.
enum JSONList: Decodable, Sendable {
    /// More elements than any field may have: they are not decoded.
    case tooMany(Int)
    case values([JSONValue])
    case other(JSONValue)

    /// The most elements that are decoded.
    static let maximumCount = 1_000

    init(from decoder: any Decoder) throws {
        guard let container = try? decoder.unkeyedContainer() else {
            self = .other(try JSONValue(from: decoder))
            return
        }
        if let count = container.count, count > Self.maximumCount {
            self = .tooMany(count)
        } else {
            self = .values(try [JSONValue](from: decoder))
        }
    }
}
