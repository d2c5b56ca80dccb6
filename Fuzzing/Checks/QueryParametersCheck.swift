import CloakroomDomain

/// A query in its canonical form: as ``PlainQuery`` has it, and stable.
enum QueryParametersCheck {
    static func run(_ bytes: [UInt8]) throws(Violation) {
        let plain = PlainQuery(bytes)
        let canonical = self.sorted(QueryParameters(parsing: bytes[...]))
        try Violation.unless(canonical == plain.canonical, "the canonical form is that of the rules", canonical.text)

        var again: [UInt8] = []
        QueryParameters(parsing: canonical[...]).appendQuery(to: &again)
        try Violation.unless(again == canonical, "the canonical form is its own, and sorted", canonical.text)

        try self.checkNames(bytes)
        try self.checkValues(bytes, plain)
        try self.checkAppending(plain)
    }

    private static func sorted(_ parameters: QueryParameters) -> [UInt8] {
        var parameters = parameters
        parameters.sort()
        var output: [UInt8] = []
        parameters.appendQuery(to: &output)
        return output
    }

    private static func checkNames(_ bytes: [UInt8]) throws(Violation) {
        var parameters = QueryParameters(parsing: bytes[...])
        parameters.sort()
        let names = parameters.names.map { Array($0) }
        for (name, next) in zip(names, names.dropFirst()) {
            try Violation.unless(!next.lexicographicallyPrecedes(name), "names are sorted as bytes", next.text)
        }
        for name in names {
            let again = PlainEncoding.encode(PlainEncoding.decode(name, plusIsSpace: false))
            try Violation.unless(again == name, "a name is encoded in the one form", name.text)
        }
    }

    /// Looks up and removes a name that stands for many: `a`.
    private static func checkValues(_ bytes: [UInt8], _ plain: PlainQuery) throws(Violation) {
        var parameters = QueryParameters(parsing: bytes[...])
        let name = Array("a".utf8)
        let first = plain.items.first { $0.name == name }?.value
        try Violation.unless(
            parameters.decodedValue(of: "a") == first, "the first value of a name is found, decoded once", bytes.text)
        let encoded = parameters.value(of: "a").map { Array($0) }
        try Violation.unless(
            encoded == first.map { PlainEncoding.encode($0) }, "a value is encoded in the one form", bytes.text)

        var rest = plain
        rest.items.removeAll { $0.name == name }
        parameters.remove("a")
        try Violation.unless(
            self.sorted(parameters) == rest.canonical, "removal takes a name, and nothing else", bytes.text)
    }

    /// Puts the same query together from its decoded parameters, where they are text, and adds one to what was read.
    private static func checkAppending(_ plain: PlainQuery) throws(Violation) {
        var made = QueryParameters()
        for item in plain.items {
            guard let name = String(validating: item.name, as: UTF8.self),
                let value = String(validating: item.value, as: UTF8.self)
            else { return }
            made.append(name: name, value: value)
        }
        try Violation.unless(
            self.sorted(made) == plain.canonical, "what is put together is what is read", plain.canonical.text)

        var more = QueryParameters(parsing: plain.canonical[...])
        more.append(name: "z /", value: "+")
        var expected = plain
        expected.items.append(.init(name: Array("z /".utf8), value: Array("+".utf8)))
        try Violation.unless(
            self.sorted(more) == expected.canonical, "a parameter can be added to those read", plain.canonical.text)
    }
}
