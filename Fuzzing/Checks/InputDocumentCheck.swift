import CloakroomDomain

/// A request's body with an `input`, against what Foundation makes of the same bytes.
enum InputDocumentCheck {
    static func run(_ bytes: [UInt8]) throws(Violation) {
        let json = PlainJSON(bytes)
        let document: RequestDocument
        do throws(RequestDocument.Failure) {
            document = try RequestDocument(bytes)
        } catch {
            try self.checkRefusal(error, bytes, json)
            return
        }
        try self.checkAcceptance(bytes, json)
        let input: InputDocument?
        do throws(InputDocument.Failure) {
            input = try document.input("input")
        } catch {
            try self.checkRefusal(error)
            return
        }
        guard let input, let text = document["input"].map({ Array($0) }) else { return }
        try Violation.unless(
            PlainJSON(text).nesting <= InputDocument.maximumDepth, "what is accepted is not too deep", text.text)
        try self.checkReplacing(input, text)
        try self.checkReferences(input, json)
    }

    // MARK: The body

    private static func checkRefusal(
        _ failure: RequestDocument.Failure, _ bytes: [UInt8], _ json: PlainJSON
    ) throws(Violation) {
        switch failure {
        case .malformed(let offset):
            try Violation.unless(
                json.value == nil || json.isBeyondJSON(at: offset), "what is malformed is no JSON", bytes.text)
        case .tooDeep:
            try Violation.unless(
                json.nesting > RequestDocument.maximumDepth, "what is too deep is nested so deep", bytes.text)
        case .notAnObject:
            let isOther = json.value == nil ? json.isBeyondFoundation : json.names == nil
            try Violation.unless(isOther, "what is no object is JSON, and no object", bytes.text)
        case .repeatedMember(let member, let pointer):
            // Foundation may not get as far.
            let isOther = json.value == nil || json.isBeyondFoundation
            try Violation.unless(
                isOther || (json.names?.contains(member) ?? false) && !json.hasUniqueNames,
                "what is repeated stands there twice", bytes.text)
            try Violation.unless(
                JSONPointer(pointer.description) == pointer, "a pointer is one by RFC 6901", pointer.description)
        }
    }

    private static func checkAcceptance(_ bytes: [UInt8], _ json: PlainJSON) throws(Violation) {
        try Violation.unless(!bytes.contains(0), "JSON holds no NUL", bytes.text)
        try Violation.unless(String(validating: bytes, as: UTF8.self) != nil, "JSON is UTF-8", bytes.text)
        // The object around the members is not counted.
        try Violation.unless(
            json.nesting <= RequestDocument.maximumDepth + 1, "what is accepted is not too deep", bytes.text)
        try Violation.unless(json.value != nil || json.isBeyondFoundation, "what is accepted is JSON", bytes.text)
        let members = RequestDocument.members(of: bytes.dropFirst(bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0))
        try Violation.unless(members != nil, "an object has members", bytes.text)
        let unique = Set((members ?? []).map { Array($0.name.utf8) })
        try Violation.unless(
            unique.count == members?.count || json.isBeyondFoundation, "the names in an object differ", bytes.text)
        guard let names = json.names, let members else { return }
        try Violation.unless(Set(members.map(\.name)) == names, "names stand for what Foundation reads", bytes.text)
        for member in members {
            let value = PlainJSON(Array(member.text))
            try Violation.unless(
                value.value != nil || value.isBeyondFoundation, "a member's text is JSON of its own",
                Array(member.text).text)
        }
    }

    // MARK: The input

    private static func checkRefusal(_ failure: InputDocument.Failure) throws(Violation) {
        switch failure {
        case .tooDeep, .tooManyReferences, .pointersTooLong: return
        case .unfitStrings(let strings):
            try Violation.unless(!strings.isEmpty, "URLs are named where they are refused")
            for string in strings {
                let pointer = string.pointer
                try Violation.unless(string.cause == .rawURL, "no place takes only references", pointer.description)
                try Violation.unless(
                    JSONPointer(pointer.description) == pointer, "a pointer is one by RFC 6901", pointer.description)
            }
        }
    }

    /// References are replaced and nothing else is.
    private static func checkReplacing(_ input: InputDocument, _ text: [UInt8]) throws(Violation) {
        try Violation.unless(input.replacingReferences(by: [:]) == text, "without URLs, nothing changes", text.text)
        let urls = Dictionary(uniqueKeysWithValues: input.references.map { ($0.id, "X") })
        let replaced = input.replacingReferences(by: urls)
        let lengths = [input.length(replacingReferencesBy: [:]), input.length(replacingReferencesBy: urls)]
        try Violation.unless(
            lengths == [text.count, replaced.count], "the length is that of the output", "\(lengths): \(text.text)")
        let body = self.body(replaced)
        let again = try? RequestDocument(body).input("input")
        guard let again else { throw Violation("an input is one with its references replaced: \(replaced.text)") }
        try Violation.unless(again.references.isEmpty, "no reference is left", replaced.text)

        let (before, after) = (PlainJSON(self.body(text)), PlainJSON(body))
        let expected = before.texts(beneath: "input").map { found in
            PlainJSON.Text(pointer: found.pointer, text: FileID(found.text) == nil ? found.text : "X")
        }
        try Violation.unless(
            after.texts(beneath: "input") == expected, "references become URLs and other strings stay", replaced.text)
    }

    private static func body(_ input: [UInt8]) -> [UInt8] {
        Array(#"{"input":"#.utf8) + input + [UInt8(ascii: "}")]
    }

    /// References stand where Foundation finds them, and no URL is among the strings.
    private static func checkReferences(_ input: InputDocument, _ json: PlainJSON) throws(Violation) {
        let texts = json.texts(beneath: "input")
        for found in texts {
            try Violation.unless(!RawURL.matches(found.text), "no URL is accepted", found.text)
        }
        let found = Set(texts.filter { FileID($0.text) != nil })
        let listed = Set(
            input.references.flatMap { reference in
                reference.pointers.map { PlainJSON.Text(pointer: $0.description, text: reference.id.description) }
            })
        let ids = Set(found.map(\.text))
        try Violation.unless(
            ids.isSubset(of: Set(listed.map(\.text))), "every reference is found", "\(ids)")
        guard json.value != nil, json.hasUniqueNames else { return }
        try Violation.unless(found == listed, "references are where their pointers say", "\(found) \(listed)")
    }
}
