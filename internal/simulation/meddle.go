package simulation

// meddle lets a person change an object just before an engine writes it.
func (e *editor) meddle(kind, id string) {
	if id == "" || e.fake.Object(kind, id) == nil {
		return
	}
	e.set(kind, id, "set", body{"note": e.value("t")})
}

// meddleFile lets a person change a file just before an engine writes it.
func (e *editor) meddleFile(kind, key string) {
	for _, f := range e.files(kind) {
		if f.Key == key {
			b := decode(f.Body)
			b["note"] = e.value("r")
			e.writeFile(kind, key, b)
			return
		}
	}
}

// meddleDrifted lets a person change a file that the tenant has drifted from.
func (e *editor) meddleDrifted() {
	for _, kind := range listed {
		for _, f := range e.files(kind) {
			want := decode(f.Body)
			for _, o := range e.fake.Objects(kind) {
				has := decode(o.Body)
				if has["displayName"] == want["displayName"] && has["note"] != want["note"] {
					e.meddleFile(kind, f.Key)
					return
				}
			}
		}
	}
}
