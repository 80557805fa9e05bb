package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"theriac/api"
	"theriac/internal/organisation"
)

// An organisation that has just begun has little to list; its lists are lists all
// the same, and the operator's alone.
func TestListsOfANewOrganisation(t *testing.T) {
	o := open(t, organisation.Options{})
	for _, path := range []string{
		"/v1/batches", "/v1/stock", "/v1/certificates", "/v1/dossiers", "/v1/dossiers?direction=out&state=undecided", "/v1/alerts",
		"/v1/jobs", "/v1/proposals", "/v1/proposals?status=open",
	} {
		got := shown[struct {
			Items []any
			Next  string
		}](t, o.get(path), http.StatusOK)
		if got.Items == nil || len(got.Items) != 0 || got.Next != "" {
			t.Errorf("%s: %+v", path, got)
		}
	}
	if q := shown[api.Queue](t, o.get("/v1/queue"), http.StatusOK); q.Queued != 0 || q.Receivers == nil {
		t.Errorf("queue %+v", q)
	}
	if peers := shown[[]api.Peer](t, o.get("/v1/peers"), http.StatusOK); peers == nil {
		t.Error("peers are null")
	}
	for _, path := range []string{"/v1/batches", "/v1/stock", "/v1/certificates", "/v1/dossiers", "/v1/alerts", "/v1/jobs", "/v1/proposals", "/v1/queue", "/v1/blocks", "/v1/peers"} {
		if w := o.ask(httptest.NewRequest(http.MethodGet, path, nil)); w.Code != http.StatusUnauthorized {
			t.Errorf("%s for a stranger: %d", path, w.Code)
		}
	}
	for _, path := range []string{
		"/v1/batches?cursor=x", "/v1/stock?cursor=x", "/v1/certificates?cursor=x", "/v1/dossiers?cursor=x", "/v1/alerts?cursor=x",
		"/v1/jobs?cursor=x", "/v1/proposals?cursor=x", "/v1/proposals?status=maybe", "/v1/dossiers?state=maybe", "/v1/blocks?limit=121",
		"/v1/blocks?before=-1", "/v1/stock?limit=0", "/v1/messages?direction=up",
	} {
		w := o.get(path)
		if p := problem(t, w); w.Code != http.StatusBadRequest || p.Code != "bad_request" {
			t.Errorf("%s: %d %s", path, w.Code, p.Code)
		}
	}
}
