extension UnsafeBufferPointer<UInt8> {
    /// Whether these bytes begin with those of an ASCII literal.
    @inline(__always)
    func hasPrefix(_ literal: StaticString) -> Bool {
        guard self.count >= literal.utf8CodeUnitCount else { return false }
        // A literal's UTF-8 is `utf8CodeUnitCount` bytes of static storage.
        let other = literal.utf8Start
        for index in 0..<literal.utf8CodeUnitCount where self[index] != other[index] { return false }
        return true
    }

    /// Whether these bytes begin with those of an ASCII literal in lower case, whatever their own case.
    @inline(__always)
    func hasPrefixIgnoringCase(_ literal: StaticString) -> Bool {
        guard self.count >= literal.utf8CodeUnitCount else { return false }
        // A literal's UTF-8 is `utf8CodeUnitCount` bytes of static storage.
        let other = literal.utf8Start
        for index in 0..<literal.utf8CodeUnitCount where self[index].asciiLowercased != other[index] { return false }
        return true
    }
}

extension UInt8 {
    /// Whether the byte is an ASCII capital letter.
    @inlinable
    package var isASCIIUppercase: Bool { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= self }

    /// The byte with an ASCII capital letter in lower case.
    @inlinable
    package var asciiLowercased: UInt8 { self.isASCIIUppercase ? self | 0x20 : self }
}

extension [UInt8] {
    /// Whether the bytes of a range are those of an ASCII literal.
    @inline(__always)
    func hasBytes(of literal: StaticString, at range: Range<Int>) -> Bool {
        guard range.count == literal.utf8CodeUnitCount else { return false }
        return self.withUnsafeBufferPointer { UnsafeBufferPointer(rebasing: $0[range]).hasPrefix(literal) }
    }
}

extension ArraySlice<UInt8> {
    /// Whether these bytes are those of an ASCII literal.
    package func isEqual(to literal: StaticString) -> Bool {
        guard self.count == literal.utf8CodeUnitCount else { return false }
        return self.hasPrefix(literal)
    }

    /// Whether these bytes are those of an ASCII literal in lower case, whatever their own case.
    package func isEqualIgnoringCase(to literal: StaticString) -> Bool {
        guard self.count == literal.utf8CodeUnitCount else { return false }
        return self.withUnsafeBufferPointer { $0.hasPrefixIgnoringCase(literal) }
    }

    /// Whether these bytes begin with those of an ASCII literal.
    package func hasPrefix(_ literal: StaticString) -> Bool {
        self.withUnsafeBufferPointer { $0.hasPrefix(literal) }
    }

    /// Whether an ASCII literal appears somewhere within these bytes.
    package func contains(_ literal: StaticString) -> Bool {
        self.indices.contains { self[$0...].hasPrefix(literal) }
    }
}
