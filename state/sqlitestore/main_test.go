package sqlitestore_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
)

// roles has the tasks of the test binary as a child process: a task works on
// the file at path and prints its results.
var roles = map[string]func(ctx context.Context, path, name string, out io.Writer) error{
	"compete": compete,
	"write":   writeForever,
}

const roleVariable = "SQLITESTORE_TEST_ROLE"

func TestMain(m *testing.M) {
	if role, ok := roles[os.Getenv(roleVariable)]; ok {
		if err := role(context.Background(), os.Args[1], os.Args[2], os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	if scratch != "" {
		os.RemoveAll(scratch)
	}
	os.Exit(code)
}

// child is the test binary, started again.
type child struct {
	*exec.Cmd
	lines  *bufio.Scanner
	stderr bytes.Buffer
}

func startChild(t *testing.T, role, path, name string) *child {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{Cmd: exec.CommandContext(t.Context(), exe, path, name)}
	c.Env = append(os.Environ(), roleVariable+"="+role)
	c.Stderr = &c.stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.lines = bufio.NewScanner(out)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}
