/// What the connections of an origin were doing when the server cut them off.
package struct CutOffConnections: Hashable, Sendable {
    /// How many connections were open.
    package private(set) var connections = 0
    /// How many of them had a request whose body was arriving or being stored.
    package private(set) var uploads = 0
    /// How many of them had a response that was being made or sent.
    package private(set) var downloads = 0

    mutating func add(_ activity: ConnectionActivity) {
        self.connections += 1
        switch activity {
        case .upload: self.uploads += 1
        case .download: self.downloads += 1
        case .other: break
        }
    }

    static func + (left: Self, right: Self) -> Self {
        var sum = left
        sum.connections += right.connections
        sum.uploads += right.uploads
        sum.downloads += right.downloads
        return sum
    }
}
