package importer

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Report lists the objects that an import imported, altered and left out.
type Report struct {
	// Files is the number of all files in the folder.
	Files int
	// Imported counts resources by kind.
	Imported map[string]int
	// Annotations counts dropped annotations; ReadOnly dropped read-only
	// properties by kind and path.
	Annotations int
	ReadOnly    map[string]int
	// LeftOut holds files and objects that were not imported.
	LeftOut []Line
	// Created, Altered and Kept are remarks on imported objects.
	Created, Altered, Kept []Line
}

// Line is a remark on one thing.
type Line struct {
	// Thing is a file, or the name of a created resource.
	Thing string
	// Kind and Key identify the object if they are known. ID is its id in the
	// exporting tenant.
	Kind, Key, ID string
	// Known is true if the file certainly contains no object that an earlier import
	// could have imported.
	Known bool
	// Text describes what happened, or why.
	Text string
	// Err is the reason as an error, if there is one.
	Err error
}

func newReport() *Report {
	return &Report{Imported: make(map[string]int), ReadOnly: make(map[string]int)}
}

func (r *Report) count(kind string) { r.Imported[kind]++ }

func (r *Report) droppedReadOnly(kind, path string) { r.ReadOnly[kind+" "+path]++ }

func (r *Report) leftOut(file, kind, key string, why error) {
	r.leftOutObject(Line{Thing: file, Kind: kind, Key: key, Err: why})
}

// leftOutObject adds a line and sets its text to the error's.
func (r *Report) leftOutObject(l Line) {
	l.Text = l.Err.Error()
	r.LeftOut = append(r.LeftOut, l)
}

func (r *Report) created(name, text string) {
	r.Created = append(r.Created, Line{Thing: name, Text: text})
}

func (r *Report) altered(file, text string) {
	r.Altered = append(r.Altered, Line{Thing: file, Text: text})
}

func (r *Report) kept(file, text string) {
	r.Kept = append(r.Kept, Line{Thing: file, Text: text})
}

// shown is the number of things that Print names for one reason. Print counts the
// others.
const shown = 5

// Print writes the report: first the counts, then the lines of LeftOut, Created,
// Altered and Kept, grouped by text.
func (r *Report) Print(w io.Writer) {
	total := 0
	for _, n := range r.Imported {
		total += n
	}
	fmt.Fprintf(w, "Imported %s from %s.\n", plural(total, "resource"), plural(r.Files, "file"))
	for _, kind := range sortedKeys(r.Imported) {
		fmt.Fprintf(w, "  %4d %s\n", r.Imported[kind], kind)
	}
	printLines(w, "Left out", r.LeftOut)
	printLines(w, "Created", r.Created)
	printLines(w, "Altered", r.Altered)
	printLines(w, "Kept, to be known", r.Kept)
	if r.Annotations > 0 || len(r.ReadOnly) > 0 {
		n := 0
		for _, c := range r.ReadOnly {
			n += c
		}
		fmt.Fprintf(w, "Dropped everywhere: %s of the protocol and %s.\n",
			plural(r.Annotations, "annotation"), strings.Replace(plural(n, "read-only property"), "propertys", "properties", 1))
	}
}

// printLines prints the lines grouped by text. A text with one thing takes one line.
func printLines(w io.Writer, title string, lines []Line) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(w, "%s: %d\n", title, len(lines))
	byText := make(map[string][]string)
	for _, l := range lines {
		byText[l.Text] = append(byText[l.Text], l.Thing)
	}
	for _, text := range sortedKeys(byText) {
		things := byText[text]
		slices.Sort(things)
		if len(things) == 1 {
			if strings.HasPrefix(text, things[0]) { // the error of an invalid file begins with the position
				fmt.Fprintf(w, "  %s\n", text)
			} else {
				fmt.Fprintf(w, "  %s: %s\n", things[0], text)
			}
			continue
		}
		fmt.Fprintf(w, "  %s (%d)\n", text, len(things))
		for _, thing := range things[:min(shown, len(things))] {
			fmt.Fprintf(w, "    %s\n", thing)
		}
		if more := len(things) - shown; more > 0 {
			fmt.Fprintf(w, "    … and %d more\n", more)
		}
	}
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
