package tcmtest

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	root      = "/v1.0/admin/configurationManagement"
	snapshots = root + "/configurationSnapshots"
	jobs      = root + "/configurationSnapshotJobs"
)

var displayName = regexp.MustCompile(`^[A-Za-z0-9 ]{8,32}$`)

// serve answers a request, or reports that the connection is to be cut.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) (cut bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, failing := s.faults[len(s.requests)]
	s.requests = append(s.requests, r.Method+" "+r.URL.Path)
	s.expire()
	if !failing {
		s.answer(w, r)
		return false
	}
	if f.After {
		s.answer(httptest.NewRecorder(), r)
	}
	if f.Status == 0 {
		return true
	}
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
	}
	refuse(w, f.Status, "Injected", "The request fails.")
	return false
}

// answer carries a request out. The caller holds mu.
func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !bearer || s.revoked {
		refuse(w, http.StatusUnauthorized, "InvalidAuthenticationToken", "The access token is invalid.")
		return
	}
	permissions, limited := permissionsOf(token)
	if limited && !slices.Contains(permissions, "ConfigurationMonitoring.ReadWrite.All") &&
		(r.Method != http.MethodGet || !slices.Contains(permissions, "ConfigurationMonitoring.Read.All")) {
		refuse(w, http.StatusForbidden, "Forbidden", "Insufficient privileges to complete the operation.")
		return
	}
	path, selected := r.URL.Path, r.URL.Query().Get("$select")
	switch {
	case r.Method == http.MethodPost && path == snapshots+"/createSnapshot":
		s.create(w, r)
	case r.Method == http.MethodGet && path == jobs:
		s.list(w, r, selected)
	case strings.HasPrefix(path, jobs+"/"):
		s.one(w, r, strings.TrimPrefix(path, jobs+"/"), selected)
	case r.Method == http.MethodGet && strings.HasPrefix(path, snapshots+"('"):
		id := strings.TrimSuffix(strings.TrimPrefix(path, snapshots+"('"), "')")
		if j := s.find(id); j != nil && j.ended(s.hung) && !j.failed {
			reply(w, http.StatusOK, j.baseline())
			return
		}
		refuse(w, http.StatusNotFound, "NotFound", "The snapshot does not exist.")
	default:
		refuse(w, http.StatusNotFound, "NotFound", "There is no such address.")
	}
}

func (s *Server) create(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Name      string   `json:"displayName"`
		Resources []string `json:"resources"`
	}
	raw, err := io.ReadAll(r.Body)
	switch {
	case err != nil || json.Unmarshal(raw, &body) != nil || len(body.Resources) == 0:
		refuse(w, http.StatusBadRequest, "BadRequest", "The body is wrong.")
	case !displayName.MatchString(body.Name):
		refuse(w, http.StatusBadRequest, "BadRequest", "The display name must have 8 to 32 letters, digits and spaces.")
	case slices.ContainsFunc(s.jobs, func(j *job) bool { return j.name == body.Name }):
		refuse(w, http.StatusBadRequest, "BadRequest", "The display name is taken.")
	case len(s.jobs) >= Visible:
		refuse(w, http.StatusBadRequest, "BadRequest", "The tenant has 12 snapshot jobs. Delete one.")
	default:
		reply(w, http.StatusOK, s.form(s.snapshot(body.Name, body.Resources), "id,displayName,status,resources,createdDateTime,completedDateTime,resourceLocation"))
	}
}

func (s *Server) list(w http.ResponseWriter, r *http.Request, selected string) {
	skip, _ := strconv.Atoi(r.URL.Query().Get("$skiptoken"))
	skip = min(max(skip, 0), len(s.jobs))
	end := min(skip+s.cfg.PageSize, len(s.jobs))
	page := []map[string]any{}
	for _, j := range s.jobs[skip:end] {
		page = append(page, s.form(j, selected))
	}
	body := map[string]any{"value": page}
	if end < len(s.jobs) {
		body["@odata.nextLink"] = s.URL() + jobs + "?$select=" + selected + "&$skiptoken=" + strconv.Itoa(end)
	}
	reply(w, http.StatusOK, body)
}

// one answers a request about one job.
func (s *Server) one(w http.ResponseWriter, r *http.Request, id, selected string) {
	j := s.find(id)
	switch {
	case j == nil:
		refuse(w, http.StatusNotFound, "NotFound", "The snapshot job does not exist.")
	case r.Method == http.MethodGet:
		reply(w, http.StatusOK, s.form(j, selected))
	case r.Method == http.MethodDelete:
		s.jobs = slices.DeleteFunc(s.jobs, func(o *job) bool { return o == j })
		w.WriteHeader(http.StatusNoContent)
	default:
		refuse(w, http.StatusMethodNotAllowed, "MethodNotAllowed", "The method is not allowed.")
	}
}

func (s *Server) find(id string) *job {
	for _, j := range s.jobs {
		if j.id == id {
			return j
		}
	}
	return nil
}

// permissionsOf are the permissions of a token; one that is not a JWT is not limited.
func permissionsOf(token string) (permissions []string, limited bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, false
	}
	var claims struct {
		Scopes string   `json:"scp"`
		Roles  []string `json:"roles"`
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(raw, &claims) != nil {
		return nil, false
	}
	return append(strings.Fields(claims.Scopes), claims.Roles...), true
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	reply(w, status, map[string]any{"error": map[string]any{"code": code, "message": message}})
}
