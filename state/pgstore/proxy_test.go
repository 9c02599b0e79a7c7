package pgstore_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// cut says at which point a connection is cut.
type cut int

const (
	never     cut = iota
	beforeIt      // the request does not reach the server
	afterIt       // the server has answered, but the answer is not passed on
	onConnect     // no client gets a connection
)

// proxy passes connections on to the server and cuts them on demand.
type proxy struct {
	listener net.Listener
	server   func() (net.Conn, error)

	mu   sync.Mutex
	when cut
	mark []byte // a request that holds it is struck
	cuts int
}

// openProxy returns a proxy to a database's server, and the database's URL
// through it.
func openProxy(t testing.TB, dsn string) (*proxy, string) {
	t.Helper()
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	network, address := pgconn.NetworkAddress(cfg.ConnConfig.Host, cfg.ConnConfig.Port)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, server: func() (net.Conn, error) { return net.Dial(network, address) }}
	t.Cleanup(func() { _ = l.Close() })
	go p.serve()
	return p, fmt.Sprintf("postgres://%s:%s@%s/%s?sslmode=disable", cfg.ConnConfig.User, cfg.ConnConfig.Password, l.Addr(), cfg.ConnConfig.Database)
}

// strike cuts each connection over which a request with the mark is sent.
func (p *proxy) strike(when cut, mark string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.when, p.mark, p.cuts = when, []byte(mark), 0
}

// struck returns how many connections were cut since strike.
func (p *proxy) struck() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cuts
}

// at returns where a request is to be cut.
func (p *proxy) at(request []byte) cut {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.when == never || !bytes.Contains(request, p.mark) {
		return never
	}
	p.cuts++
	return p.when
}

func (p *proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		go p.pass(client)
	}
}

func (p *proxy) pass(client net.Conn) {
	defer client.Close()
	if p.at(nil) == onConnect {
		return
	}
	server, err := p.server()
	if err != nil {
		return
	}
	defer server.Close()
	var mu sync.Mutex
	armed := false // the next answer is not passed on
	go func() {
		defer client.Close()
		defer server.Close()
		buf := make([]byte, 1<<16)
		for {
			n, err := server.Read(buf)
			mu.Lock()
			stop := armed
			mu.Unlock()
			if err != nil || stop {
				return
			}
			if _, err := client.Write(buf[:n]); err != nil {
				return
			}
		}
	}()
	buf := make([]byte, 1<<16)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		switch p.at(buf[:n]) {
		case beforeIt:
			return
		case afterIt:
			mu.Lock()
			armed = true
			mu.Unlock()
		}
		if _, err := io.Copy(server, bytes.NewReader(buf[:n])); err != nil {
			return
		}
		mu.Lock()
		stop := armed
		mu.Unlock()
		if stop { // the other direction ends it, once the server has answered
			_, _ = io.Copy(io.Discard, client)
			return
		}
	}
}
