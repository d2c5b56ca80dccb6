import Glibc
import Synchronization

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// Calls that open, find and change names.
extension SimulatedMachine {
    private static let unnamed = 0o20000000 | O_DIRECTORY

    func open(at directory: Int32, _ path: String, flags: Int32, mode: mode_t) throws(SystemCallError) -> Int32 {
        let makes = flags & O_CREAT != 0 || flags & Self.unnamed == Self.unnamed
        return try self.call(.openat, isChange: makes) { state, _ throws(SystemCallError) in
            let start = try Self.number(directory, .openat, state)
            let number = try Self.target(path, from: start, flags, &state)
            if flags & O_TRUNC != 0 { state.disk.change(number, .resize(0)) }
            defer { state.nextDescriptor += 1 }
            state.open[state.nextDescriptor] = OpenFile(number: number)
            return state.nextDescriptor
        }
    }

    private static func target(
        _ path: String, from start: SimulatedDisk.Number, _ flags: Int32, _ state: inout State
    ) throws(SystemCallError) -> SimulatedDisk.Number {
        if flags & self.unnamed == self.unnamed { return state.disk.makeFile() }
        if let number = self.find(path, from: start, state) {
            if flags & O_EXCL != 0 { throw SystemCallError(.openat, code: EEXIST) }
            if flags & O_DIRECTORY != 0, state.disk.folders[number] == nil {
                throw SystemCallError(.openat, code: ENOTDIR)
            }
            return number
        }
        guard flags & O_CREAT != 0, let (folder, name) = self.parent(path, from: start, state) else {
            throw SystemCallError(.openat, code: ENOENT)
        }
        let number = state.disk.makeFile()
        state.disk.change(folder, .add(name, number))
        return number
    }

    func close(_ descriptor: Int32) {
        self.state.withLock { state in
            guard let file = state.open.removeValue(forKey: descriptor) else { return }
            state.locks[file.number]?.holders.remove(descriptor)
        }
    }

    func makeDirectory(at directory: Int32, _ path: String, mode: mode_t) throws(SystemCallError) {
        // That it is there already is found before anything changes.
        let isNew = try !self.exists(at: directory, path)
        try self.call(.mkdirat, isChange: isNew) { state, _ throws(SystemCallError) in
            let start = try Self.number(directory, .mkdirat, state)
            guard Self.find(path, from: start, state) == nil else { throw SystemCallError(.mkdirat, code: EEXIST) }
            guard let (folder, name) = Self.parent(path, from: start, state) else {
                throw SystemCallError(.mkdirat, code: ENOENT)
            }
            let number = state.disk.makeFolder()
            state.disk.change(folder, .add(name, number))
        }
    }

    func link(_ descriptor: Int32, at directory: Int32, as name: String) throws(SystemCallError) {
        try self.call(.linkat, isChange: true) { state, _ throws(SystemCallError) in
            let number = try Self.number(descriptor, .linkat, state)
            try Self.add(name, number, to: try Self.number(directory, .linkat, state), &state)
        }
    }

    func link(
        at directory: Int32, _ name: String, at newDirectory: Int32, as newName: String
    ) throws(SystemCallError) {
        try self.call(.linkat, isChange: true) { state, _ throws(SystemCallError) in
            let folder = try Self.number(directory, .linkat, state)
            guard let number = Self.find(name, from: folder, state) else {
                throw SystemCallError(.linkat, code: ENOENT)
            }
            try Self.add(newName, number, to: try Self.number(newDirectory, .linkat, state), &state)
        }
    }

    private static func add(
        _ name: String, _ number: SimulatedDisk.Number, to folder: SimulatedDisk.Number, _ state: inout State
    ) throws(SystemCallError) {
        guard state.disk.folders[folder]?.seen[name] == nil else { throw SystemCallError(.linkat, code: EEXIST) }
        state.disk.change(folder, .add(name, number))
    }

    func rename(
        at directory: Int32, _ name: String, at newDirectory: Int32, as newName: String
    ) throws(SystemCallError) {
        try self.call(.renameat, isChange: true) { state, _ throws(SystemCallError) in
            let folder = try Self.number(directory, .renameat, state)
            let newFolder = try Self.number(newDirectory, .renameat, state)
            guard let number = state.disk.folders[folder]?.seen[name] else {
                throw SystemCallError(.renameat, code: ENOENT)
            }
            if folder == newFolder {
                state.disk.change(folder, .rename(name, as: newName))
            } else {
                state.disk.change(folder, .remove(name))
                state.disk.change(newFolder, .add(newName, number))
            }
        }
    }

    func unlink(at directory: Int32, _ name: String) throws(SystemCallError) {
        try self.call(.unlinkat, isChange: true) { state, _ throws(SystemCallError) in
            let start = try Self.number(directory, .unlinkat, state)
            guard let (folder, last) = Self.parent(name, from: start, state),
                state.disk.folders[folder]?.seen[last] != nil
            else { throw SystemCallError(.unlinkat, code: ENOENT) }
            state.disk.change(folder, .remove(last))
        }
    }

    func removeDirectory(at directory: Int32, _ name: String) throws(SystemCallError) {
        try self.call(.unlinkat, isChange: true) { state, _ throws(SystemCallError) in
            let start = try Self.number(directory, .unlinkat, state)
            guard let (folder, last) = Self.parent(name, from: start, state),
                let number = state.disk.folders[folder]?.seen[last]
            else { throw SystemCallError(.unlinkat, code: ENOENT) }
            guard let content = state.disk.folders[number] else { throw SystemCallError(.unlinkat, code: ENOTDIR) }
            guard content.seen.isEmpty else { throw SystemCallError(.unlinkat, code: ENOTEMPTY) }
            state.disk.change(folder, .remove(last))
        }
    }

    func exists(at directory: Int32, _ name: String) throws(SystemCallError) -> Bool {
        try self.call(.faccessat, isChange: false) { state, _ throws(SystemCallError) in
            Self.find(name, from: try Self.number(directory, .faccessat, state), state) != nil
        }
    }

    func names(in directory: Int32) throws(SystemCallError) -> [String] {
        try self.call(.readdir, isChange: false) { state, _ throws(SystemCallError) in
            let number = try Self.number(directory, .readdir, state)
            guard let folder = state.disk.folders[number] else { throw SystemCallError(.readdir, code: ENOTDIR) }
            return folder.seen.keys.sorted()
        }
    }
}
