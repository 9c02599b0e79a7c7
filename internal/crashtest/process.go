package crashtest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// Process is a worker process.
type Process struct {
	Name string

	cmd   *exec.Cmd
	stdin io.Closer
	log   *os.File
	// ended is closed when the process has exited. Then err is the result of
	// Wait.
	ended chan struct{}
	err   error
}

// Start starts this binary again as a worker, and returns when the worker is
// ready. The end of the test kills the worker.
func Start(t testing.TB, cfg WorkerConfig, logs string) *Process {
	t.Helper()
	p, err := start(cfg, logs)
	if err != nil {
		t.Fatalf("start worker %s: %v", cfg.Name, err)
	}
	t.Cleanup(func() {
		p.Kill()
		p.checkLog(t)
	})
	return p
}

func start(cfg WorkerConfig, logs string) (*Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	conf, err := json.Marshal(cfg)
	if err != nil {
		return nil, err
	}
	p := &Process{Name: cfg.Name, cmd: exec.Command(self), ended: make(chan struct{})}
	if p.log, err = os.Create(filepath.Join(logs, cfg.Name+".log")); err != nil {
		return nil, err
	}
	p.cmd.Env = append(os.Environ(), workerEnv+"="+string(conf))
	p.cmd.Stderr = p.log
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	if err != nil {
		p.Kill()
		return nil, fmt.Errorf("it does not begin to work (%q, %w): %w\n%s", line, err, p.err, p.tail())
	}
	return p, nil
}

// Signal sends a signal. It does nothing if the process has exited.
func (p *Process) Signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// Kill ends the process by SIGKILL, even if it is stopped, and waits until it
// has exited.
func (p *Process) Kill() {
	p.Signal(syscall.SIGKILL)
	<-p.ended
}

// Ended returns a channel that is closed when the process has exited.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Drain ends the process by SIGTERM and waits until it has exited. It returns
// an error if the process fails.
func (p *Process) Drain() error {
	p.Signal(syscall.SIGTERM)
	<-p.ended
	if p.err != nil {
		return fmt.Errorf("worker %s: %w\n%s", p.Name, p.err, p.tail())
	}
	return nil
}

// checkLog fails the test if the log reports a data race or a panic. If the
// test has failed, checkLog shows the end of the log.
func (p *Process) checkLog(t testing.TB) {
	t.Helper()
	log, err := os.ReadFile(p.log.Name())
	if err != nil {
		t.Errorf("worker %s: %v", p.Name, err)
	}
	_ = p.log.Close() // only the process writes to it
	if bytes.Contains(log, []byte("DATA RACE")) || bytes.Contains(log, []byte("panic:")) {
		t.Errorf("worker %s:\n%s", p.Name, log)
	} else if t.Failed() && len(log) > 0 {
		t.Logf("the end of the log of worker %s:\n%s", p.Name, p.tail())
	}
}

func (p *Process) tail() string {
	log, err := os.ReadFile(p.log.Name())
	if err != nil {
		return err.Error()
	}
	return string(log[max(0, len(log)-2000):])
}
