package reference

import "testing"

func TestBindings(t *testing.T) {
	b := Bindings{}
	b.Put("groups", "Staff", "g1")
	b.Put("groups", "Guests", "g2")
	b.Put("groups#mail", "Staff", "staff@contoso.com")
	b.Put("groups"+Formerly, "Crew", "Staff")
	b.Put("groups"+Formerly, "Lost", "Nowhere")
	b.Put("users", "Staff", "u1")
	for _, tt := range []struct {
		name string
		ref  Ref
		want string
	}{
		{"an id", Ref{"groups", "Staff", ""}, "g1"},
		{"a second key of the kind", Ref{"groups", "Guests", ""}, "g2"},
		{"the same key of another kind", Ref{"users", "Staff", ""}, "u1"},
		{"a property", Ref{"groups", "Staff", "mail"}, "staff@contoso.com"},
		{"a property that is not bound", Ref{"groups", "Guests", "mail"}, ""},
		{"a former key", Ref{"groups", "Crew", ""}, "g1"},
		{"a property by a former key", Ref{"groups", "Crew", "mail"}, "staff@contoso.com"},
		{"a former key whose object is gone", Ref{"groups", "Lost", ""}, ""},
		{"a key that is not bound", Ref{"groups", "Unknown", ""}, ""},
		{"a kind that is not bound", Ref{"devices", "Staff", ""}, ""},
	} {
		if got := b.Of(tt.ref); got != tt.want {
			t.Errorf("%s: %s has the value %q, want %q", tt.name, tt.ref, got, tt.want)
		}
	}
	b.Put("groups", "Staff", "g3")
	if got := b.Of(Ref{"groups", "Staff", ""}); got != "g3" {
		t.Errorf("a key that is bound again has the value %q, want g3", got)
	}
	if got := Bindings(nil).Of(Ref{"groups", "Staff", ""}); got != "" {
		t.Errorf("without bindings a reference has the value %q", got)
	}
}
