/// What each metric means, for its `# HELP` line.
enum MetricDescriptions {
    /// Texts by the metric's name, in one line without backslashes.
    static let texts = [
        "cloakroom_access_log_dropped_lines_total": "Lines of the access log that were not written.",
        "cloakroom_catalog_batch_size": "Changes that were committed in one transaction of the database.",
        "cloakroom_events_total": "Events written to the log.",
        "cloakroom_limited_requests_total": "API requests rejected by a limit of their key.",
        "cloakroom_lost_bodies": "Stored files whose database rows are lost.",
        "cloakroom_open_connections": "Open connections by origin.",
        "cloakroom_pack_group_size": "Small uploads that were flushed together.",
        "cloakroom_quarantine_files": "Files in quarantine.",
        "cloakroom_quarantined_total": "Bodies put into quarantine since the start, by reason.",
        "cloakroom_received_bytes_total": "Bytes of uploads received.",
        "cloakroom_refused_connections_total": "Connections rejected by a limit.",
        "cloakroom_rejected_signatures_total": "Presigned URLs rejected, by reason.",
        "cloakroom_request_duration_seconds": "Time from the head of a request to the end of its response.",
        "cloakroom_requests_total": "Requests, by origin and status.",
        "cloakroom_scrub_bytes_total": "Bytes that the scrub has read.",
        "cloakroom_scrub_completed_timestamp_seconds":
            "When the last round of the scrub was complete, 0 before the first.",
        "cloakroom_scrub_files_total": "Files that the scrub has examined, by outcome.",
        "cloakroom_scrub_orphans_total": "Stored files without a database row, found by the scrub.",
        "cloakroom_sent_bytes_total": "Bytes of downloads sent.",
        "cloakroom_sweep_files_total": "What the sweep has removed, by kind.",
        "cloakroom_uploads_total": "Uploads, by outcome.",
    ]
}
