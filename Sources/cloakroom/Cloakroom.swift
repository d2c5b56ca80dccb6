import ArgumentParser
import Configuration
@main struct Cloakroom: ParsableCommand { }
