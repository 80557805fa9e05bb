package journey

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"theriac"
	"theriac/api"
	"theriac/canon"
	"theriac/client"
	"theriac/internal/sqlstore/pgtest"
	"theriac/refusal"
)

// told keeps what a story tells.
type told struct{ steps []string }

func (t *told) tell(step, evidence string) { t.steps = append(t.steps, step+": "+evidence) }

func open(t *testing.T, dir string, validators int) *Stage {
	t.Helper()
	s, err := Open(t.Context(), StageConfig{Dir: dir, Validators: validators, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func shut(t *testing.T, s *Stage) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// verdict returns what a third party finds who asks an actor for the evidence.
func verdict(t *testing.T, s *Stage, of *Actor, code string) theriac.Verdict {
	t.Helper()
	raw, err := of.API.Bundle(t.Context(), code)
	if err != nil {
		t.Fatalf("bundle from %s: %v", of.Name, err)
	}
	b, err := theriac.ParseBundle(raw)
	if err != nil {
		t.Fatal(err)
	}
	trust, err := theriac.ParseTrust(s.Trust)
	if err != nil {
		t.Fatal(err)
	}
	return b.Verify(trust, time.Now())
}

// From raw material to the pharmacy, over seven organisations' sockets; then every
// one of them can show what anybody can check, and what was sealed only its
// receiver can read.
func TestJourney(t *testing.T) {
	s := open(t, t.TempDir(), 1)
	defer func() { shut(t, s) }()
	var heard told
	lab, err := OpenLab(t.Context(), filepath.Join(s.Dir, "devices"), &s.Cast, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	story := &Story{Cast: s.Cast, Packs: 3000, Tell: heard.tell, Lab: lab}
	if err := errors.Join(story.Run(t.Context()), lab.Close()); err != nil {
		t.Fatal(err)
	}
	all := strings.Join(heard.steps, "\n")
	if strings.Count(all, "BC ") != 8 || !strings.Contains(all, "3000 packs") ||
		strings.Count(all, "genuine, once") != 2 || !strings.Contains(all, "the device yields no key") {
		t.Errorf("it tells\n%s", all)
	}
	code, err := story.Scan(t.Context(), 5)
	if err != nil {
		t.Fatal(err)
	}
	left, err := story.Scan(t.Context(), 2999)
	if err != nil {
		t.Fatal(err)
	}
	c := &s.Cast
	for _, of := range []*Actor{&c.Pharmacy, &c.Hospital, &c.Distributor, &c.Manufacturer, &c.Supplier, &c.Administration, &c.Governor} {
		v := verdict(t, s, of, code)
		if v.Verdict != theriac.Genuine || v.Facts.Custodian != c.Pharmacy.GLN || len(v.Facts.Exchanges) != 8 || len(v.Facts.Materials) != 1 {
			t.Errorf("evidence from %s: %s %s, %+v", of.Name, v.Verdict, v.Reason, v.Facts)
		}
	}
	// What was not dispatched is genuine where it is.
	if v := verdict(t, s, &c.Pharmacy, left); v.Verdict != theriac.Genuine || v.Facts.Custodian != c.Distributor.GLN || len(v.Facts.Exchanges) != 6 {
		t.Errorf("a pack that stayed: %s %s, with %s", v.Verdict, v.Reason, v.Facts.Custodian)
	}
	documents(t, story)
	withheld(t, story)
}

// documents checks that the drug administration reads what the manufacturer sealed.
func documents(t *testing.T, s *Story) {
	t.Helper()
	path := "/v1/dossiers/" + s.Dossier.String() + "/documents"
	got, err := client.Get[[]api.Document](t.Context(), s.Cast.Administration.API, path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(*got) != 2 || string((*got)[0].Bytes) != trial || string((*got)[1].Bytes) != properties {
		t.Errorf("the administration reads %+v", *got)
	}
	if _, err := client.Get[[]api.Document](t.Context(), s.Cast.Distributor.API, path, nil); refusal.Code(err) != "not_found" {
		t.Errorf("the distributor asks for the dossier: %v", err)
	}
}

// withheld checks that the public case shows no quantity, price or count.
func withheld(t *testing.T, s *Story) {
	t.Helper()
	raw, err := s.Cast.Hospital.API.Raw(t.Context(), "/v1/cases", url.Values{"case": {s.Case}})
	if err != nil {
		t.Fatal(err)
	}
	var found []json.RawMessage
	if err := json.Unmarshal(raw, &found); err != nil || len(found) < 6 {
		t.Fatalf("%d messages of the case: %v", len(found), err)
	}
	// Each with a character that base64url does not have.
	for _, secret := range []string{"25 kg", `"cost"`, " EUR", `"sold"`, "trial.txt"} {
		if strings.Contains(string(raw), secret) {
			t.Errorf("the ledger shows %q", secret)
		}
	}
}

// A pack is dispensed once. What a recall stops is refused from then on.
func TestDispenseAndRecall(t *testing.T) {
	s := open(t, t.TempDir(), 1)
	defer func() { shut(t, s) }()
	story := &Story{Cast: s.Cast, Packs: 10, Tell: func(string, string) {}}
	if err := story.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	sold, err := story.Scan(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := story.Dispense(t.Context(), &s.Cast.Pharmacy, sold); err != nil {
		t.Fatal(err)
	}
	if _, err := story.Dispense(t.Context(), &s.Cast.Pharmacy, sold); refusal.Code(err) != "already_dispensed" {
		t.Errorf("dispensed twice: %v", err)
	}
	if v := verdict(t, s, &s.Cast.Hospital, sold); v.Verdict != theriac.Refused {
		t.Errorf("a dispensed pack is %s", v.Verdict)
	}
	kept, err := story.Scan(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if v := verdict(t, s, &s.Cast.Pharmacy, kept); v.Verdict != theriac.Genuine {
		t.Fatalf("another pack is %s: %s", v.Verdict, v.Reason)
	}
	_, err = client.Post[api.Done](t.Context(), s.Cast.Manufacturer.API, "/v1/recalls", "", map[string]string{
		"batch": story.Batch.String(), "status": "recalled", "reason": "broken glass",
	})
	if err != nil {
		t.Fatal(err)
	}
	if v := verdict(t, s, &s.Cast.Pharmacy, kept); v.Verdict != theriac.Refused || !strings.Contains(v.Reason, "recalled") {
		t.Errorf("a recalled pack is %s: %s", v.Verdict, v.Reason)
	}
	if _, err := story.Dispense(t.Context(), &s.Cast.Pharmacy, kept); err == nil {
		t.Error("a recalled pack is dispensed")
	}
}

// The stage is used again: members stay, another approval and lot are added, the
// old evidence is still good. One of them keeps its things in PostgreSQL now.
func TestReopenOnPostgreSQL(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	dir := t.TempDir()
	s := open(t, dir, 1)
	first := &Story{Cast: s.Cast, Packs: 5, Tell: func(string, string) {}}
	if err := first.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	code, err := first.Scan(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	shut(t, s)
	storeIn(t, filepath.Join(dir, "distributor", "organisation.json"), dsn)

	s = open(t, dir, 1)
	defer func() { shut(t, s) }()
	if v := verdict(t, s, &s.Cast.Pharmacy, code); v.Verdict != theriac.Genuine {
		t.Errorf("evidence of the first time: %s %s", v.Verdict, v.Reason)
	}
	second := &Story{Cast: s.Cast, Packs: 5, Tell: func(string, string) {}}
	if err := second.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if first.Batch == second.Batch || first.Batch == (canon.Digest{}) {
		t.Errorf("batches %s and %s", first.Batch, second.Batch)
	}
	mail, err := client.Get[api.Messages](t.Context(), s.Cast.Distributor.API, "/v1/messages", nil)
	if err != nil || len(mail.Items) != 4 {
		t.Errorf("the distributor's mail in PostgreSQL: %+v, %v", mail, err)
	}
}

func storeIn(t *testing.T, settings, dsn string) {
	t.Helper()
	raw, err := os.ReadFile(settings)
	if err != nil {
		t.Fatal(err)
	}
	var s map[string]any
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	s["store"] = dsn
	if raw, err = json.Marshal(s); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(settings, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Who gives up waiting gets an error and leaves nothing behind.
func TestOpenIsGivenUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if s, err := Open(ctx, StageConfig{Dir: t.TempDir(), Validators: 1}); err == nil {
		shut(t, s)
		t.Error("opened")
	}
}
