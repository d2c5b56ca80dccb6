// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "cloakroom-benchmarks",
    dependencies: [
        .package(name: "cloakroom", path: ".."),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.12.0"),
    ],
    targets: [
        .executableTarget(
            name: "Microbenchmarks",
            dependencies: [
                .product(name: "CloakroomDomain", package: "cloakroom"),
                .product(name: "CloakroomServer", package: "cloakroom"),
                .product(name: "CloakroomStorage", package: "cloakroom"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")])
    ]
)
