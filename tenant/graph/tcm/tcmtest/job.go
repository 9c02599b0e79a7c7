package tcmtest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// job is a snapshot job. Its status follows from the time.
type job struct {
	id, name string
	types    []string
	created  time.Time
	content  []content // as the tenant was when the job was created
	errors   []string
	failed   bool
	takes    time.Duration
}

type content struct{ resourceType, properties string }

// add makes a job. The caller holds mu.
func (s *Server) add(name string, types []string) *job {
	s.made++
	j := &job{id: fmt.Sprintf("00000000-0000-4000-9000-%012d", s.made), name: name, types: types, created: time.Now().UTC(), takes: s.cfg.Duration}
	s.jobs = append(s.jobs, j)
	return j
}

// expire deletes what the service keeps no longer. The caller holds mu.
func (s *Server) expire() {
	s.jobs = slices.DeleteFunc(s.jobs, func(j *job) bool { return time.Since(j.created) >= Retention })
}

// snapshot makes a job of the tenant as it is. The caller holds mu.
func (s *Server) snapshot(name string, types []string) *job {
	j := s.add(name, types)
	for _, t := range types {
		t = strings.ToLower(t)
		if message := s.errors[t]; message != "" {
			j.errors = append(j.errors, message)
			continue
		}
		for _, properties := range s.resources[t] {
			j.content = append(j.content, content{t, properties})
		}
	}
	switch {
	case s.broken != "":
		j.failed, j.errors = true, []string{s.broken}
	case s.extracted[month()]+len(j.content) > Monthly:
		j.failed, j.errors = true, []string{"The quota of resources of this month is used up."}
	default:
		s.extracted[month()] += len(j.content)
		return j
	}
	j.content = nil
	return j
}

func (j *job) status(hung bool) string {
	age := time.Since(j.created)
	switch {
	case age < j.takes/4:
		return "notStarted"
	case hung || age < j.takes:
		return "running"
	case j.failed:
		return "failed"
	case len(j.errors) > 0:
		return "partiallySuccessful"
	}
	return "succeeded"
}

func (j *job) ended(hung bool) bool {
	return !slices.Contains([]string{"notStarted", "running"}, j.status(hung))
}

// form is the job's JSON: some properties come only when $select names them. The caller
// holds mu.
func (s *Server) form(j *job, selected string) map[string]any {
	status, location, completed := j.status(s.hung), "", "0001-01-01T00:00:00Z"
	if j.ended(s.hung) {
		completed = j.created.Add(j.takes).Format(time.RFC3339Nano)
		if !j.failed {
			location = cmp.Or(s.location, s.URL()+snapshots+"('"+j.id+"')")
		}
	}
	all := map[string]any{"id": j.id, "displayName": j.name, "status": status, "tenantId": s.cfg.Directory,
		"createdDateTime": j.created.Format(time.RFC3339Nano), "completedDateTime": completed,
		"resources": j.types, "resourceLocation": location, "errorDetails": append([]string{}, j.errors...)}
	if !j.ended(s.hung) {
		all["errorDetails"] = []string{}
	}
	names := strings.Split(selected, ",")
	if selected == "" {
		names = []string{"id", "displayName", "status", "tenantId", "createdDateTime", "completedDateTime"}
	}
	form := map[string]any{}
	for _, name := range names {
		if value, ok := all[name]; ok {
			form[name] = value
		}
	}
	return form
}

// baseline is the JSON of the job's snapshot.
func (j *job) baseline() map[string]any {
	resources := []map[string]any{}
	for i, c := range j.content {
		resources = append(resources, map[string]any{"displayName": fmt.Sprintf("Resource-%d", i), "resourceType": c.resourceType, "properties": json.RawMessage(c.properties)})
	}
	return map[string]any{"id": j.id, "displayName": j.name, "parameters": []any{}, "resources": resources}
}
