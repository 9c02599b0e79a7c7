package importer

// Origin says where an imported resource is from.
type Origin struct {
	Kind string `json:"kind"`
	Key  string `json:"key"`
	// ID is the object's in the exporting tenant, or "".
	ID string `json:"id,omitempty"`
	// File is where it stood in the exported folder.
	File string `json:"file,omitempty"`
}
