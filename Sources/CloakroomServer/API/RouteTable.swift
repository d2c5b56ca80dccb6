import HTTPTypes

/// The API's routes, for telling a wrong method from a wrong path.
struct RouteTable: Sendable {
    /// A route: its path, in which a part in braces stands for any one, and its methods.
    struct Entry: Sendable {
        let path: String
        let method: HTTPRequest.Method
    }

    let entries: [Entry]

    /// Returns the methods of a path, in alphabetical order; none where there is no such route.
    func methods(of path: String) -> [String] {
        let parts = path.split(separator: "/")
        let matching = self.entries.filter { entry in
            let pattern = entry.path.split(separator: "/")
            return pattern.count == parts.count
                && zip(pattern, parts).allSatisfy { $0 == $1 || $0.hasPrefix("{") }
        }
        // A literal route hides one with a parameter, as in the router itself.
        let best = matching.map { Self.literals($0) }.max()
        return matching.filter { Self.literals($0) == best }.map(\.method.rawValue).sorted()
    }

    private static func literals(_ entry: Entry) -> Int {
        entry.path.split(separator: "/").filter { !$0.hasPrefix("{") }.count
    }
}
