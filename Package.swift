// swift-tools-version: 6.2
import PackageDescription

/// Settings of every Swift target: the Swift 6 language mode, its upcoming features, and no warnings.
let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "cloakroom",
    products: [
        .executable(name: "cloakroom", targets: ["cloakroom"]),
        .library(name: "CloakroomClient", targets: ["CloakroomClient"]),
        // What the client is written in terms of: digests, ids, names, media types.
        .library(name: "CloakroomCrypto", targets: ["CloakroomCrypto"]),
        .library(name: "CloakroomDomain", targets: ["CloakroomDomain"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.12.0"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.30.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.0"),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(name: "CLibcrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .target(
            name: "CloakroomCrypto",
            dependencies: ["CLibcrypto"],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "CloakroomDomain",
            dependencies: ["CloakroomCrypto"],
            swiftSettings: swiftSettings
        ),
        // The rules that fuzzing and the kept corpora hold the domain to; no product.
        .target(
            name: "FuzzChecks",
            dependencies: ["CloakroomCrypto", "CloakroomDomain"],
            path: "Fuzzing/Checks",
            swiftSettings: swiftSettings
        ),
        .target(
            name: "CloakroomStore",
            dependencies: [
                "CloakroomCrypto", "CloakroomDomain",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "CloakroomSystem",
            dependencies: [
                "CLinux", "CloakroomCrypto", "CloakroomDomain", "CloakroomStore",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "CloakroomSQLite",
            dependencies: [
                "CSQLite", "CloakroomCrypto", "CloakroomDomain", "CloakroomStore", "CloakroomSystem",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "CloakroomDisk",
            dependencies: [
                "CLinux", "CloakroomCrypto", "CloakroomDomain", "CloakroomStore", "CloakroomSystem",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "CloakroomLocal",
            dependencies: [
                "CloakroomCrypto", "CloakroomDisk", "CloakroomDomain", "CloakroomSQLite", "CloakroomStore",
                "CloakroomSystem",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "CloakroomServer",
            dependencies: [
                "CloakroomCrypto", "CloakroomDomain", "CloakroomStore",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOExtras", package: "swift-nio-extras"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            resources: [.embedInCode("API/openapi.yaml")],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "CloakroomClient",
            dependencies: [
                "CLinux", "CloakroomCrypto", "CloakroomDomain",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOFoundationCompat", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "_NIOFileSystem", package: "swift-nio"),
            ],
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "cloakroom",
            dependencies: [
                "CLinux", "CloakroomClient", "CloakroomCrypto", "CloakroomDisk", "CloakroomDomain", "CloakroomLocal",
                "CloakroomSQLite", "CloakroomServer", "CloakroomStore", "CloakroomSystem",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "Microbenchmarks",
            dependencies: [
                "CloakroomDomain", "CloakroomLocal", "CloakroomSQLite", "CloakroomServer", "CloakroomStore",
                "CloakroomSystem",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Benchmarks/Sources/Microbenchmarks",
            swiftSettings: swiftSettings
        ),
        // Engines in memory, and what every engine has to do; no products.
        .target(
            name: "ReferenceEngine",
            dependencies: [
                "CloakroomCrypto", "CloakroomDomain", "CloakroomStore",
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            path: "Tests/ReferenceEngine",
            swiftSettings: swiftSettings
        ),
        .target(
            name: "EngineContracts",
            dependencies: [
                "CloakroomCrypto", "CloakroomDomain", "CloakroomStore",
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            path: "Tests/EngineContracts",
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "EngineContractTests",
            dependencies: [
                "CloakroomCrypto", "CloakroomDomain", "CloakroomLocal", "CloakroomSQLite", "CloakroomStore",
                "CloakroomSystem", "EngineContracts", "ReferenceEngine",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "CloakroomCryptoTests", dependencies: ["CloakroomCrypto"], swiftSettings: swiftSettings),
        .testTarget(
            name: "CloakroomDomainTests", dependencies: ["CloakroomCrypto", "CloakroomDomain", "FuzzChecks"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "CloakroomStorageTests",
            dependencies: [
                "CSQLite", "CloakroomCrypto", "CloakroomDisk", "CloakroomDomain", "CloakroomLocal", "CloakroomSQLite",
                "CloakroomStore", "CloakroomSystem",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "CloakroomClientTests",
            dependencies: [
                "CloakroomClient", "CloakroomCrypto", "CloakroomDomain", "CloakroomLocal", "CloakroomServer",
                "CloakroomStore", "CloakroomSystem", "ReferenceEngine",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "CloakroomServerTests",
            dependencies: [
                "CloakroomDomain", "CloakroomServer", "CloakroomStore", "ReferenceEngine",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ], swiftSettings: swiftSettings),
    ]
)
