//go:build unix

package pgtest

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// errNotInstalled is the error for which a test is skipped and does not fail.
var errNotInstalled = errors.New("is not installed")

func isNotInstalled(err error) bool { return errors.Is(err, errNotInstalled) }

// lookPath finds a program in PATH. Its error says what to install.
func lookPath(program, pkg string) (string, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return "", fmt.Errorf("%s %w: apt-get install %s, or set %s to the URL of a running server", program, errNotInstalled, pkg, Env)
	}
	return path, nil
}

// cluster is a data directory and the server that runs on it.
type cluster struct {
	dir string // holds the data, the log and the socket
	bin string // the folder of the server's programs
	// watch ends the server when watch is closed or this process ends.
	watch *guard
}

// newCluster makes a cluster in a temporary folder and starts it.
func newCluster() (*cluster, error) {
	initdb, err := find("initdb")
	if err != nil {
		return nil, err
	}
	dir, err := tempDir("pgtest-")
	if err != nil {
		return nil, err
	}
	c := &cluster{dir: dir, bin: filepath.Dir(initdb)}
	out, err := asServer(initdb, "-D", c.data(), "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--no-locale").CombinedOutput()
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	// The pipe closes however this process ends.
	c.watch, err = watch(`read -r _; "$1" -D "$2" -m immediate stop; rm -rf "$3"`, c.program("pg_ctl"), c.data(), dir)
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	if err := c.start(); err != nil {
		c.end()
		return nil, err
	}
	return c, nil
}

func (c *cluster) data() string               { return filepath.Join(c.dir, "data") }
func (c *cluster) log() string                { return filepath.Join(c.dir, "log") }
func (c *cluster) program(name string) string { return filepath.Join(c.bin, name) }
func (c *cluster) url() url.URL               { return socketURL(c.dir, 5432) }

// socketURL returns the URL of the database postgres, by its socket.
func socketURL(dir string, port int) url.URL {
	query := url.Values{"host": {dir}, "port": {strconv.Itoa(port)}, "sslmode": {"disable"}}
	return url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/postgres", RawQuery: query.Encode()}
}

// start starts the server and waits until it accepts connections. After a kill
// the kernel may need a moment to release the old server's memory, so start
// retries.
func (c *cluster) start() error {
	options := fmt.Sprintf("-k '%s' -p 5432 -c listen_addresses='' -c max_connections=200", c.dir)
	var err error
	for range 20 {
		var out []byte
		out, err = asServer(c.program("pg_ctl"), "-D", c.data(), "-w", "-t", "120", "-l", c.log(), "-o", options, "start").CombinedOutput()
		if err == nil {
			return nil
		}
		err = fmt.Errorf("pg_ctl start: %w\n%s\n%s", err, out, c.logTail())
		time.Sleep(250 * time.Millisecond)
	}
	return err
}

// end stops the server and removes its folder.
func (c *cluster) end() { c.watch.end() }

// kill ends the postmaster and all processes that it started. It stops the
// postmaster first, so that it starts no further process.
func (c *cluster) kill() error {
	content, err := os.ReadFile(filepath.Join(c.data(), "postmaster.pid"))
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(string(content), "\n")
	postmaster, err := strconv.Atoi(first)
	if err != nil {
		return fmt.Errorf("postmaster.pid: %w", err)
	}
	if err := syscall.Kill(postmaster, syscall.SIGSTOP); err != nil {
		return err
	}
	children, err := childrenOf(postmaster)
	if err != nil {
		return err
	}
	for _, pid := range append(children, postmaster) {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	// The postmaster may have started one more process before it stopped. Such a
	// process keeps the server's memory, and no server starts while it lives.
	for range 100 {
		left := c.processes()
		if len(left) == 0 {
			return nil
		}
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("the processes %v of the killed server do not end", c.processes())
}

// processes returns the processes that work in the cluster's data folder, as all
// of a server do. It knows none where there is no /proc.
func (c *cluster) processes() []int {
	links, _ := filepath.Glob("/proc/[0-9]*/cwd")
	var found []int
	for _, link := range links {
		dir, err := os.Readlink(link)
		if err != nil || dir != c.data() {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(link))); err == nil {
			found = append(found, pid)
		}
	}
	return found
}

// childrenOf returns the processes that a process started.
func childrenOf(parent int) ([]int, error) {
	// ppid is the fourth field of stat; the second, in parentheses, may have any
	// text.
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(stats) == 0 {
		return childrenByPS(parent)
	}
	var children []int
	for _, path := range stats {
		content, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		text := string(content)
		fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
		if len(fields) < 2 || fields[1] != strconv.Itoa(parent) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			return nil, err
		}
		children = append(children, pid)
	}
	return children, nil
}

func childrenByPS(parent int) ([]int, error) {
	out, err := exec.Command("ps", "-A", "-o", "pid=,ppid=").Output()
	if err != nil {
		return nil, fmt.Errorf("ps: %w", err)
	}
	var children []int
	for line := range strings.Lines(string(out)) {
		var pid, ppid int
		if n, _ := fmt.Sscan(line, &pid, &ppid); n == 2 && ppid == parent {
			children = append(children, pid)
		}
	}
	return children, nil
}

func (c *cluster) logTail() string {
	content, err := os.ReadFile(c.log())
	if err != nil {
		return err.Error()
	}
	return string(content[max(0, len(content)-4000):])
}

// tempDir makes a folder that belongs to the user of the server. Its path is
// short, because the path of a socket must have less than 104 bytes.
func tempDir(prefix string) (string, error) {
	parent := os.TempDir()
	if len(parent) > 60 {
		parent = "/tmp"
	}
	dir, err := os.MkdirTemp(parent, prefix)
	if err != nil {
		return "", err
	}
	if uid, gid, ok := serverUser(); ok {
		if err := os.Chown(dir, uid, gid); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// serverUser returns the user of the servers if this process is root, because
// servers refuse to run as root.
func serverUser() (uid, gid int, ok bool) {
	if os.Geteuid() != 0 {
		return 0, 0, false
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errU := strconv.Atoi(u.Uid)
		gid, errG := strconv.Atoi(u.Gid)
		if errU == nil && errG == nil {
			return uid, gid, true
		}
	}
	return 0, 0, false
}

// command returns a command without the variables of libpq, which could name
// another server.
func command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = "/"
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "PG") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	return cmd
}

// asServer returns a command that runs as the user of the servers, and that a
// terminal's Ctrl-C does not end.
func asServer(name string, args ...string) *exec.Cmd {
	cmd := command(name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if uid, gid, ok := serverUser(); ok {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	return cmd
}

// guard is a shell that outlives this process and cleans up after it.
type guard struct {
	cmd  *exec.Cmd
	pipe io.Closer
}

// watch starts a shell script. Its standard input ends when end is called or
// this process ends for any reason.
func watch(script string, args ...string) (*guard, error) {
	cmd := asServer("/bin/sh", append([]string{"-c", script, "pgtest"}, args...)...)
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &guard{cmd, pipe}, nil
}

// end lets the script clean up and waits for it.
func (g *guard) end() {
	_ = g.pipe.Close() // SIGKILL cannot be missed
	_ = g.cmd.Wait()   // files that are left are in the temporary folder
}
