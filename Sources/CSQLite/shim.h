#pragma once

#include <sqlite3.h>

/// `sqlite3_db_config` is variadic, which Swift cannot call: one function for the integer switches.
static inline int cloakroom_sqlite3_db_config(sqlite3 *db, int op, int value, int *result) {
    return sqlite3_db_config(db, op, value, result);
}

/// `SQLITE_TRANSIENT` is a cast of -1 to a function pointer, which Swift cannot import.
static inline int cloakroom_sqlite3_bind_text(sqlite3_stmt *statement, int index, const char *text, int count) {
    return sqlite3_bind_text(statement, index, text, count, SQLITE_TRANSIENT);
}

/// `SQLITE_TRANSIENT` is a cast of -1 to a function pointer, which Swift cannot import.
static inline int cloakroom_sqlite3_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, int count) {
    return sqlite3_bind_blob(statement, index, bytes, count, SQLITE_TRANSIENT);
}
