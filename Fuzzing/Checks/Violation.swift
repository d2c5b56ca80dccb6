/// What a check found: the code and a rule, or an independent statement of it, disagree.
package struct Violation: Error, Hashable, Sendable, CustomStringConvertible {
    /// The rule, and on what it was broken.
    package let description: String

    /// Describes a broken rule.
    ///
    /// - Parameter description: The rule, and on what it was broken.
    package init(_ description: String) {
        self.description = description
    }

    /// Passes where a rule holds.
    ///
    /// - Parameters:
    ///   - holds: Whether it does.
    ///   - rule: The rule.
    ///   - subject: What it was tried on.
    /// - Throws: ``Violation`` where it does not.
    static func unless(
        _ holds: Bool, _ rule: String, _ subject: @autoclosure () -> String = ""
    ) throws(Violation) {
        guard !holds else { return }
        throw Violation("\(rule): \(subject().debugDescription)")
    }
}

extension [UInt8] {
    /// The bytes as text, invalid UTF-8 repaired.
    var text: String { String(decoding: self, as: UTF8.self) }
}
