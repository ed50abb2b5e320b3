//! Who may read what: checked on what a plan resolved to, so that no alias, version name, CTE or prepared statement
//! walks around it; checked again at every execution against the newest grants.

use super::names::Read;
use crate::catalog::Generation;
use crate::error::{Error, Result};

/// Errors: 42501 for the first table that `role` may not read.
pub(super) fn check(generation: &Generation, role: &str, reads: &[Read]) -> Result<()> {
    for read in reads {
        let role = read.reader.as_deref().unwrap_or(role);
        // A view has found what it reads when it was made.
        if read.reader.is_none() && !generation.has_schema_privilege(role, &read.database) {
            let message = format!("permission denied for schema {}", read.database);
            return Err(Error::InsufficientPrivilege(message));
        }
        if !generation.has_table_privilege(role, &read.database, &read.table) {
            let message = format!("permission denied for table {}", read.table);
            return Err(Error::InsufficientPrivilege(message));
        }
    }
    Ok(())
}
