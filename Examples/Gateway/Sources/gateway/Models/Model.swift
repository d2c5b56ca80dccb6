import CloakroomDomain

/// A model: its inputs, its commands, what it makes and what it costs.
struct Model: Sendable {
    /// A command, and the inputs that it needs.
    struct Variant: Sendable {
        let required: Set<String>
        let command: CommandTemplate
    }

    /// What a model makes.
    struct Output: Sendable {
        let filename: Filename
        let mediaType: MediaType
        let maximumSize: ByteCount
    }

    /// What a command may name besides its inputs: where to write, and a number that the texts decide.
    private static let placeholders: Set<String> = ["output", "seed"]

    let name: String
    let cost: Amount
    /// What is held until an execution ends.
    let hold: Amount
    /// How long an execution may take, from its submission on.
    let lifetimeSeconds: Int64
    let inputs: [String: ModelInput]
    /// The first whose inputs are all there is run.
    let variants: [Variant]
    let output: Output

    init(name: String, _ document: ConfigurationDocument.Model) throws(ConfigurationError) {
        let place = "models.\(name)"
        guard let cost = Amount(document.cost), let factor = Amount(document.holdFactor),
            (1_000...10_000).contains(factor.thousandths)
        else {
            throw ConfigurationError(
                "\(place): cost and hold_factor must be decimal numbers in strings, hold_factor from 1 to 10")
        }
        guard (1...3_600).contains(document.timeoutSeconds) else {
            throw ConfigurationError("\(place): timeout_seconds must be from 1 to 3600")
        }
        var inputs: [String: ModelInput] = [:]
        for (input, entry) in document.inputs {
            guard Self.isName(input), !Self.placeholders.contains(input) else {
                throw ConfigurationError("\(place).inputs: \"\(input)\" must be a name of a-z, 0-9 and _")
            }
            inputs[input] = try ModelInput("\(place).inputs.\(input)", entry)
        }
        self.name = name
        self.cost = cost
        self.hold = cost.scaled(by: factor)
        self.lifetimeSeconds = document.timeoutSeconds
        self.inputs = inputs
        self.variants = try Self.variants(document.variants, inputs, place)
        self.output = try Self.output(document.output, place)
    }

    /// What each place of the input takes, as the service wants to know it.
    var acceptedTypes: [JSONPointer: [MediaRange]] {
        var types: [JSONPointer: [MediaRange]] = [:]
        for (name, input) in self.inputs {
            guard case .file(let accept) = input, let pointer = Self.pointer(to: name) else { continue }
            types[pointer] = accept
        }
        return types
    }

    /// Where an input stands; its name has nothing to be escaped.
    static func pointer(to input: String) -> JSONPointer? {
        JSONPointer("/\(input)")
    }

    /// Whether a text may name an input.
    static func isName(_ text: some StringProtocol) -> Bool {
        let characters = "abcdefghijklmnopqrstuvwxyz0123456789_".utf8
        return !text.isEmpty && text.utf8.allSatisfy { characters.contains($0) }
    }

    private static func variants(
        _ documents: [ConfigurationDocument.Variant], _ inputs: [String: ModelInput], _ place: String
    ) throws(ConfigurationError) -> [Variant] {
        var variants: [Variant] = []
        for document in documents {
            let required = Set(document.requires)
            guard let command = CommandTemplate(document.command) else {
                throw ConfigurationError("\(place).variants: command must be an array of words, the program first")
            }
            let defaults = inputs.filter { $0.value.hasDefault }
            let known = required.intersection(inputs.keys).union(defaults.keys).union(Self.placeholders)
            guard command.placeholders.isSubset(of: known), required.isSubset(of: inputs.keys) else {
                let rule = "may name output, seed, and inputs that it requires or that have a default"
                throw ConfigurationError("\(place).variants: a command \(rule)")
            }
            variants.append(Variant(required: required, command: command))
        }
        guard !variants.isEmpty else { throw ConfigurationError("\(place): variants must have a command") }
        return variants
    }

    private static func output(
        _ document: ConfigurationDocument.Output, _ place: String
    ) throws(ConfigurationError) -> Output {
        let maximum = document.maximumBytes ?? ByteCount.defaultMaximumFileSize.bytes
        guard let filename = try? Filename(document.filename), let mediaType = MediaType(document.contentType),
            FileExtension.contradiction(of: mediaType, by: filename) == nil, filename.pathExtension != nil,
            let maximumSize = ByteCount(maximum), maximumSize > .zero
        else {
            throw ConfigurationError(
                "\(place).output: filename with an extension, content_type that fits it, and maximum_bytes are needed")
        }
        return Output(filename: filename, mediaType: mediaType, maximumSize: maximumSize)
    }
}
