package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/tenantsync/tenantsync/auth/entra"
)

// Limits for the clock's error. Entra tolerates five minutes between its own time and
// the times of signed assertions and tokens.
const (
	clockWarns = 30 * time.Second
	clockFails = 5 * time.Minute
)

// tokenServer holds the address of a cloud's token server and the host of its Graph.
type tokenServer struct{ login, graph string }

// cloudHosts holds the token server and the Graph host of each cloud:
// https://learn.microsoft.com/graph/deployments
var cloudHosts = map[entra.Cloud]tokenServer{
	entra.Global:  {"https://login.microsoftonline.com", "graph.microsoft.com"},
	entra.USGovL4: {"https://login.microsoftonline.us", "graph.microsoft.us"},
	entra.USGovL5: {"https://login.microsoftonline.us", "dod-graph.microsoft.us"},
	entra.China:   {"https://login.chinacloudapi.cn", "microsoftgraph.chinacloudapi.cn"},
}

// checkClock requests an unauthenticated document from the token server. It compares
// the response's Date with this machine's clock, and checks that each tenant's
// directory is in the configured cloud.
func (a *app) checkClock(ctx context.Context, d *diagnosis, added []tenantFile) {
	cloud := cloudHosts[entra.Cloud(a.set.text("cloud"))]
	client := &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if a.demo != nil {
		cloud.login = a.demo.entra.URL()
		client.Transport = a.demo.signIns.Transport
	}
	a.askTokenServer(ctx, d, client, cloud, added)
}

func (a *app) askTokenServer(ctx context.Context, d *diagnosis, client *http.Client, cloud tokenServer, added []tenantFile) {
	document, off, err := discover(ctx, client, cloud.login, "organizations")
	switch {
	case err != nil && document.unreachable:
		d.add(bad, "network", "", fmt.Sprintf("%s cannot be reached: %v", cloud.login, err), "check the network, the name service and the proxy's settings (HTTPS_PROXY)")
		return
	case errors.Is(err, errNoDate):
		d.add(warn, "clock", "", "the token server does not say what time it is", "compare the machine's clock with another")
	default:
		a.judgeClock(d, off)
	}
	for _, t := range added {
		if t.Directory == "" {
			continue
		}
		found, _, err := discover(ctx, client, cloud.login, t.Directory)
		switch {
		case found.unreachable:
			d.add(warn, "cloud", t.Name, err.Error(), "try again later")
		case found.status == http.StatusBadRequest || found.status == http.StatusNotFound:
			d.add(bad, "cloud", t.Name, fmt.Sprintf("there is no directory %s in the cloud %s", t.Directory, a.set.text("cloud")),
				"correct the directory in "+a.set.path(tenantsFolder)+", or the setting cloud")
		case found.Graph != "" && found.Graph != cloud.graph:
			d.add(bad, "cloud", t.Name, fmt.Sprintf("the directory's Graph is %s, and that of the cloud %s is %s", found.Graph, a.set.text("cloud"), cloud.graph),
				"correct the setting cloud: "+cloudOf(found.Graph))
		default:
			d.add(good, "cloud", t.Name, a.set.text("cloud"), "")
		}
	}
}

func (a *app) judgeClock(d *diagnosis, off time.Duration) {
	text := fmt.Sprintf("the machine's is %s off the token server's", off.Round(time.Second))
	const fix = "let the machine keep its time by NTP"
	switch off = off.Abs(); {
	case off > clockFails:
		d.add(bad, "clock", "", text, fix)
	case off > clockWarns:
		d.add(warn, "clock", "", text, fix)
	default:
		d.add(good, "clock", "", "agrees with the token server's", "")
	}
}

// cloudOf returns the cloud with the Graph host.
func cloudOf(host string) string {
	for cloud, hosts := range cloudHosts {
		if hosts.graph == host {
			return string(cloud)
		}
	}
	return "none of those that are known"
}

var errNoDate = errors.New("the answer has no date")

// discovered is a token server's description of a directory.
type discovered struct {
	// Graph is the host of the directory's Microsoft Graph, or "" if unknown.
	Graph       string `json:"msgraph_host"`
	status      int
	unreachable bool
}

// discover reads a directory's OpenID configuration, and measures how far this
// machine's clock is ahead of the server's.
func discover(ctx context.Context, client *http.Client, login, directory string) (out discovered, ahead time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, login+"/"+directory+"/v2.0/.well-known/openid-configuration", nil)
	if err != nil {
		return out, 0, err
	}
	began := time.Now()
	res, err := client.Do(req)
	if err != nil {
		return discovered{unreachable: true}, 0, err
	}
	took := time.Since(began)
	defer res.Body.Close()
	out.status = res.StatusCode
	if body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20)); err == nil && res.StatusCode == http.StatusOK {
		_ = json.Unmarshal(body, &out) // without valid JSON the Graph host stays unknown
	}
	server, err := http.ParseTime(res.Header.Get("Date"))
	if err != nil {
		return out, 0, errNoDate
	}
	// The server set Date between request and response, truncated to whole seconds:
	// assume the middle of both intervals.
	return out, began.Add(took / 2).Sub(server.Add(500 * time.Millisecond)), nil
}
