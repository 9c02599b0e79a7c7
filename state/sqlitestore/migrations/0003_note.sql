-- What the lease's holder said with a renewal: JSON, or NULL.
ALTER TABLE tenantsync_lease ADD COLUMN note TEXT;
