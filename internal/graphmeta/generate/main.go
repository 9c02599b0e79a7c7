// The command generate makes the tables of package graphmeta from public
// packages of Microsoft at pinned versions:
//
//	npm pack @microsoft/microsoft-graph-types@2.43.1
//	npm pack @microsoft/microsoft-graph-types-beta@0.44.0-preview
//	npm pack @microsoft/msgraph-beta-sdk@1.0.0-preview.81
//	git clone https://github.com/microsoftgraph/msgraph-metadata
//	git -C msgraph-metadata checkout f54f11b60956ea7b185ca0447b2b80805836ec7b
//
// Unpack each archive of npm into a folder of its own (tar -xzf), and run, in
// this module's root:
//
//	go run ./internal/graphmeta/generate -types types/package -types-beta types-beta/package \
//		-sdk-beta sdk-beta/package -metadata msgraph-metadata -out internal/graphmeta
//
// The same sources and the same catalogue give the same bytes. What it prints
// goes to the standard output: how many types, properties and enumerations each
// table has, and which endpoints a version lacks.
//
// # Sources
//
// v1.0 is its CSDL document (schemas/v1.0-Prod.csdl), whole. The properties that
// a description calls read-only are from the typings, because the CSDL describes few properties.
//
// Beta's own CSDL document is too large for some copies of the repository, so
// beta is put together. The names of types, properties and members of
// enumerations are from schemas/type-mappings. The typings have the types of
// properties and say which are nullable. The SDK for TypeScript has the base
// types and newer properties, and shows which enumerations have flags. Marks,
// and whether a type is abstract or open, are from the CSDL documents of national
// clouds (schemas/beta-*.csdl), which have no Intune, and else from v1.0's.
// documented.tsv has what the documentation says of abstract types, and shown.tsv
// what it shows in answers of v1.0 that v1.0 does not declare.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// sources are the folders of the unpacked sources.
type sources struct {
	types, typesBeta, sdkBeta, metadata string
}

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	var s sources
	flags := flag.NewFlagSet("generate", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.StringVar(&s.types, "types", "", "folder of npm's @microsoft/microsoft-graph-types")
	flags.StringVar(&s.typesBeta, "types-beta", "", "folder of npm's @microsoft/microsoft-graph-types-beta")
	flags.StringVar(&s.sdkBeta, "sdk-beta", "", "folder of npm's @microsoft/msgraph-beta-sdk")
	flags.StringVar(&s.metadata, "metadata", "", "folder of github.com/microsoftgraph/msgraph-metadata")
	dir := flags.String("out", "", "folder of the tables")
	flags.Usage = func() {
		fmt.Fprint(out, help())
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if s.types == "" || s.typesBeta == "" || s.sdkBeta == "" || s.metadata == "" || *dir == "" {
		flags.Usage()
		return errors.New("all five folders are required")
	}
	wanted, err := endpoints()
	if err != nil {
		return err
	}
	v1, beta, err := s.models()
	if err != nil {
		return err
	}
	if err := v1.addShown(beta, shownTable); err != nil {
		return err
	}
	for _, m := range []*model{v1, beta} {
		table, summary, err := m.table(wanted)
		if err != nil {
			return fmt.Errorf("%s: %w", m.version, err)
		}
		if err := os.WriteFile(filepath.Join(*dir, m.version+".txt"), []byte(table), 0o666); err != nil {
			return err
		}
		fmt.Fprintln(out, summary)
	}
	return nil
}

// help returns the commands that download the pinned sources.
func help() string {
	var b strings.Builder
	b.WriteString("Makes the tables of package graphmeta. Download and unpack:\n\n")
	for _, p := range pinned {
		fmt.Fprintf(&b, "  %s\n", p.download())
	}
	return b.String()
}

// source is a pinned package.
type source struct {
	npm, repository string // one of both
	version         string // of npm, or the commit
	date            string
	licence         string
}

// pinned are the sources of the tables.
var pinned = []source{
	{repository: "microsoftgraph/msgraph-metadata", version: "f54f11b60956ea7b185ca0447b2b80805836ec7b", date: "2026-08-20", licence: "MIT"},
	{npm: "@microsoft/microsoft-graph-types", version: "2.43.1", date: "2025-09-30", licence: "MIT"},
	{npm: "@microsoft/microsoft-graph-types-beta", version: "0.44.0-preview", date: "2025-09-30", licence: "MIT"},
	{npm: "@microsoft/msgraph-beta-sdk", version: "1.0.0-preview.81", date: "2026-09-18", licence: "MIT"},
}

func (s source) download() string {
	if s.npm != "" {
		return "npm pack " + s.npm + "@" + s.version
	}
	name := s.repository[strings.IndexByte(s.repository, '/')+1:]
	return "git clone https://github.com/" + s.repository + " && git -C " + name + " checkout " + s.version
}

func (s source) String() string {
	if s.npm != "" {
		return fmt.Sprintf("npm %s %s (%s), %s", s.npm, s.version, s.date, s.licence)
	}
	return fmt.Sprintf("%s, commit %s (%s), %s", s.repository, s.version, s.date, s.licence)
}
