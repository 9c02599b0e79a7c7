-- The note of the lease's holder: JSON, or NULL.
ALTER TABLE tenantsync_lease ADD COLUMN note TEXT;
