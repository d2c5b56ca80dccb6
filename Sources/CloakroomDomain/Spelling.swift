/// Finds the name that a mistyped one was meant to be.
package enum Spelling {
    /// More mistakes make another name.
    private static let maximumDistance = 2

    /// Returns the name that resembles a given one most, within a Damerau-Levenshtein distance of 2; case, hyphens and
    /// underscores do not count.
    package static func nearest(to name: String, among names: [String]) -> String? {
        let letters = self.letters(of: name)
        var nearest: (name: String, distance: Int)?
        for candidate in names {
            let other = self.letters(of: candidate)
            guard abs(letters.count - other.count) <= self.maximumDistance else { continue }
            let distance = self.distance(letters, other)
            if distance < nearest?.distance ?? (self.maximumDistance + 1) { nearest = (candidate, distance) }
        }
        return nearest?.name
    }

    private static func letters(of name: String) -> [Character] {
        name.uppercased().filter { $0 != "-" && $0 != "_" }.map(\.self)
    }

    /// The Damerau-Levenshtein distance: how many insertions, deletions, substitutions and transpositions of neighbours
    /// make one text of another, where transposed letters may be separated by insertions.
    ///
    /// The algorithm of Lowrance and Wagner, "An Extension of the String-to-String Correction Problem" (1975).
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        let infinity = left.count + right.count
        // Row and column 0 are a border that no path takes; the distance of prefixes of length i and j is at (i+1, j+1).
        var distances = Array(repeating: Array(repeating: infinity, count: right.count + 2), count: left.count + 2)
        for i in 0...left.count { distances[i + 1][1] = i }
        for j in 0...right.count { distances[1][j + 1] = j }
        var lastRows: [Character: Int] = [:]
        for (i, letter) in left.enumerated() {
            var lastColumn = 0
            for (j, other) in right.enumerated() {
                let (row, column) = (lastRows[other] ?? 0, lastColumn)
                if letter == other { lastColumn = j + 1 }
                distances[i + 2][j + 2] = min(
                    distances[i + 1][j + 1] + (letter == other ? 0 : 1),
                    distances[i + 2][j + 1] + 1,
                    distances[i + 1][j + 2] + 1,
                    distances[row][column] + (i - row) + 1 + (j - column))
            }
            lastRows[letter] = i + 1
        }
        return distances[left.count + 1][right.count + 1]
    }
}
