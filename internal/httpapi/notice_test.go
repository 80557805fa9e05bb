package httpapi

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"

	"theriac/canon"
	"theriac/envelope"
	"theriac/internal/supply"
	"theriac/pedigree"
)

// Attack: somebody at the server that took a report reads who reported, and what he
// suffers from. Only those whom it is for see that.
func TestWhoHandsOnShowsNoReport(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	fresh := func() canon.ID { return canon.ID([]byte(rand.Text()[:16])) }
	r, err := pedigree.SignReport(key, pedigree.ReportClaims{
		Chain: "c", Code: "(01)09521141200018(21)A1", Contact: "ada@example.org", ID: fresh(), Kind: pedigree.AdverseReaction,
		Reaction: &pedigree.Reaction{Outcome: "fatal"}, Text: "dizzy",
	})
	if err != nil {
		t.Fatal(err)
	}
	body, err := envelope.BodyOf(&pedigree.ReportNotice{Report: string(r.Raw())}, fresh)
	if err != nil {
		t.Fatal(err)
	}
	for status, want := range map[supply.Status]bool{supply.Queued: false, supply.Sent: false, supply.Refused: false, supply.Received: true} {
		m, err := message(&supply.Message{Type: pedigree.TypeReport, Body: body, Status: status})
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(m.Content)
		if err != nil {
			t.Fatal(err)
		}
		kid := r.Key.ID()
		for _, secret := range []string{"ada@example.org", "dizzy", "fatal", kid.String(), string(r.Raw())} {
			if strings.Contains(string(raw), secret) != want {
				t.Errorf("%s: shows %.20q: %v, want %v", status, secret, !want, want)
			}
		}
		if !strings.Contains(string(raw), pedigree.AdverseReaction) {
			t.Errorf("%s: shows no kind: %s", status, raw)
		}
	}
}
