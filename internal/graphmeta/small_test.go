package graphmeta

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func decoded(t *testing.T, table string) *Model {
	t.Helper()
	m, err := Decode(table)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A small Graph: at v1.0 only circle and square have a size, at beta all shapes
// do; a group of shapes has shapes; the look of circles and squares is not of one
// type.
const (
	smallV1 = `graphmeta 1 v1.0
/shapes *shape
+circle shape c
 look plain
 size Int32
+group shape c
 shapes *shape
+plain - c
+round circle c
+shape - cp
 name String
+square shape c
 fill plain
 look shape
 size Int32
+triangle shape cp
`
	smallBeta = `graphmeta 1 beta
/shapes *shape
+circle shape c
 fill shape
 look plain
 size Int32
+group shape c
 shapes *shape
+plain - c
 color String
+round circle c
+shape - cp
 name String
+square shape c
 fill plain
 look shape
 size Int32
+triangle shape cp
 size Int32
`
)

func TestBeyondOfSmallGraph(t *testing.T) {
	b := &Beyond{v1: decoded(t, smallV1), beta: decoded(t, smallBeta), at: "shape", to: "shape"}
	for _, tt := range []struct {
		name string
		body map[string]any
		want []string
	}{
		{"a type that does not have it", map[string]any{"@odata.type": "#microsoft.graph.triangle", "size": 1}, []string{"/size"}},
		{"a type that has it", map[string]any{"@odata.type": "#microsoft.graph.square", "size": 1}, nil},
		{"a type below one that has it", map[string]any{"@odata.type": "#microsoft.graph.round", "size": 1}, nil},
		{"a type that is not told", map[string]any{"size": 1}, nil},
		{"elements of elements", map[string]any{"@odata.type": "group", "shapes": []any{
			map[string]any{"@odata.type": "group", "shapes": []any{map[string]any{"@odata.type": "triangle", "size": 1}, "no object"}}}},
			[]string{"/shapes/0/shapes/0/size"}},
		{"below a property of one type", map[string]any{"@odata.type": "circle", "look": map[string]any{"color": "red"}}, []string{"/look/color"}},
		{"below a property of several types at beta", map[string]any{"fill": map[string]any{"name": "red"}}, nil},
		{"below a property of several types", map[string]any{"look": map[string]any{"color": "red"}}, nil},
	} {
		var got []string
		for _, hit := range b.In(tt.body) {
			got = append(got, hit.Path)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.name, diff)
		}
	}
	none := func(string) bool { return false }
	for property, want := range map[string]string{"shapes": "/shapes/*/look/color", "look": "/look/color", "name": "", "size": ""} {
		if got := b.Below(property, none); got != want {
			t.Errorf("below %s: got %q, want %q", property, got, want)
		}
	}
	if got := b.Below("shapes", func(path string) bool { return path == "/shapes/*/look" || path == "/shapes/*/fill" }); got != "" {
		t.Errorf("a skipped path is found: %q", got)
	}
}

// A type that one version does not declare has nothing beyond it.
func TestBeyondOfUndeclaredTypes(t *testing.T) {
	v1, beta := decoded(t, smallV1), decoded(t, smallBeta)
	for _, b := range []*Beyond{{v1: v1, beta: beta, at: "nothing", to: "circle"}, {v1: v1, beta: beta, at: "circle", to: "nothing"}} {
		if got := b.Below("look", func(string) bool { return false }); got != "" {
			t.Errorf("%s beside %s: got %q", b.at, b.to, got)
		}
		if got := b.In(map[string]any{"look": map[string]any{"color": "red"}}); len(got) > 0 {
			t.Errorf("%s beside %s: got %v", b.at, b.to, got)
		}
	}
}

func TestSmallGraph(t *testing.T) {
	m := decoded(t, smallV1)
	for name, want := range map[string]bool{"shape": true, "triangle": false, "circle": false} {
		if typ, _ := m.Type(name); typ.HasAbstract() != want {
			t.Errorf("%s must be derived: %v", name, !want)
		}
	}
	shape, _ := m.Type("shape")
	var of []string
	for _, p := range shape.Declared("size") {
		of = append(of, p.Of)
	}
	if diff := cmp.Diff([]string{"circle", "square"}, of); diff != "" {
		t.Errorf("each declaration is there once (-want +got)\n%s", diff)
	}
}
