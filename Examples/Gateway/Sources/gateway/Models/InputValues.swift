import CloakroomClient
import CloakroomDomain
import Foundation

/// What a customer sent as a model's input, held to what the model takes.
struct InputValues: Sendable {
    private(set) var texts: [String: String] = [:]
    private(set) var integers: [String: Int64] = [:]
    private(set) var files: [String: ResolvedFile] = [:]
    /// File inputs that were sent, whose references are still to be resolved.
    private var unresolved: Set<String> = []

    /// Reads an input; members that the model does not know are ignored.
    ///
    /// - Parameters:
    ///   - input: A JSON text.
    ///   - model: What it is for.
    /// - Throws: ``GatewayError/invalid(_:)``, with every wrong member at once.
    init(_ input: ArraySlice<UInt8>, for model: Model) throws(GatewayError) {
        guard let members = RequestDocument.members(of: input) else {
            throw .invalid("input", "must be a JSON object")
        }
        var errors: [GatewayError.Field] = []
        for (name, declared) in model.inputs.sorted(by: { $0.key < $1.key }) {
            // Null stands for a member that was not sent.
            let text = members.first { $0.name == name }?.text
            let sent = text.map { Self.isNull($0) } == false ? text : nil
            if let reason = self.read(sent, as: declared, name) { errors.append(Self.error(name, reason)) }
        }
        guard errors.isEmpty else { throw .invalid(errors) }
    }

    /// Reads a member; what is wrong with it is returned.
    private mutating func read(_ text: ArraySlice<UInt8>?, as declared: ModelInput, _ name: String) -> String? {
        switch declared {
        case .text:
            guard let text else { return nil }
            guard let value = try? JSONDecoder().decode(String.self, from: Data(text)), !value.isEmpty,
                value.unicodeScalars.count <= ModelInput.maximumTextLength
            else { return "must be a string of 1 to \(ModelInput.maximumTextLength) characters" }
            self.texts[name] = value
        case .integer(let range, let defaultValue):
            guard let text else {
                self.integers[name] = defaultValue
                return nil
            }
            guard let value = try? JSONDecoder().decode(Int64.self, from: Data(text)), range.contains(value) else {
                return "must be a whole number from \(range.lowerBound) to \(range.upperBound)"
            }
            self.integers[name] = value
        case .file:
            if text != nil { self.unresolved.insert(name) }
        }
        return nil
    }

    /// Takes the files that the service found.
    ///
    /// - Parameter resolved: What the service made of the same input.
    /// - Throws: ``GatewayError/invalid(_:)`` for a file input that is no file reference.
    mutating func resolve(by resolved: ResolvedInput) throws(GatewayError) {
        var errors: [GatewayError.Field] = []
        for name in self.unresolved.sorted() {
            let pointer = Model.pointer(to: name)
            if let file = resolved.files.values.first(where: { $0.pointers.contains { $0 == pointer } }) {
                self.files[name] = file
            } else {
                errors.append(Self.error(name, "must be a file reference, file_ and a lower-case UUID"))
            }
        }
        self.unresolved = []
        guard errors.isEmpty else { throw .invalid(errors) }
    }

    /// Returns the command that these values are enough for.
    ///
    /// - Parameter model: The model.
    /// - Returns: The first of the model's variants whose inputs are all there.
    /// - Throws: ``GatewayError/invalid(_:)``, with what the last one misses.
    func variant(of model: Model) throws(GatewayError) -> Model.Variant {
        let present = Set(self.texts.keys).union(self.integers.keys).union(self.files.keys).union(self.unresolved)
        if let variant = model.variants.first(where: { $0.required.isSubset(of: present) }) { return variant }
        let missing = (model.variants.last?.required ?? []).subtracting(present).sorted()
        throw .invalid(missing.map { Self.error($0, "is required") })
    }

    /// A number that the texts decide, so that the same prompt makes the same picture: FNV-1a, 31 bits of it.
    var seed: UInt32 {
        var hash: UInt32 = 0x811C_9DC5
        for (_, text) in self.texts.sorted(by: { $0.key < $1.key }) {
            for byte in text.utf8 { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
        }
        return hash & 0x7FFF_FFFF
    }

    private static func isNull(_ text: ArraySlice<UInt8>) -> Bool {
        text.elementsEqual("null".utf8)
    }

    private static func error(_ name: String, _ reason: String) -> GatewayError.Field {
        GatewayError.Field(field: "input", pointer: Model.pointer(to: name)?.description, reason: reason)
    }
}
