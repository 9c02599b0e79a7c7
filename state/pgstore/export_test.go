package pgstore

// Qualified writes a schema's name for {schema}.
var Qualified = qualified
