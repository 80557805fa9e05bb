package redteam

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"testing"
	"time"

	"theriac"
	"theriac/api"
	"theriac/canon"
	"theriac/client"
	"theriac/envelope"
	"theriac/pedigree"
	"theriac/refusal"
)

// letter is a request for material, as the manufacturer's operator writes it.
func letter(n int, to, c string) any {
	return map[string]any{"to": to, "case": c, "content": map[string]string{
		"material": fmt.Sprint("substance ", n), "product": "Theriacin", "quantity": "1 kg",
	}}
}

// A counterpart that is down gets its messages when it is back, each once.
func TestKillCounterpartDown(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.office.start()
	w.dm.start()
	w.dm.ready()
	var ids []canon.ID
	for n := range 5 {
		m, err := client.Post[api.Message](t.Context(), w.dm.API, "/v1/material-requests", "", letter(n, w.ms.GLN, "down"))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, m.ID)
	}
	for _, id := range ids {
		until(t, "the sender has tried", func() bool {
			m := get[api.Message](t, w.dm.party, "/v1/messages/"+id.String(), nil)
			return m.Status == "queued" && m.Attempts > 0 && m.Code != ""
		})
	}
	w.ms.start()
	w.ms.ready()
	w.arrive(t, ids)
	w.exactly(t, "down", map[string]int{pedigree.TypeMaterialRequest: 5})
	w.killWhileReleasing(t)
}

// arrive waits until the manufacturer has receipts for its messages.
func (w *town) arrive(t *testing.T, ids []canon.ID) {
	t.Helper()
	for _, id := range ids {
		until(t, "message "+id.String()+" arrives", func() bool {
			m, err := client.Get[api.Message](t.Context(), w.dm.API, "/v1/messages/"+id.String(), nil)
			if err == nil && m.Status == "refused" {
				t.Fatalf("message %s was refused: %s", id, m.Code)
			}
			return err == nil && m.Status == "sent" && m.Receipt != nil
		})
	}
}

// exactly holds a case on the ledger against how many messages of each type it is
// to have, each under a number of its own, and against both stores.
func (w *town) exactly(t *testing.T, id string, want map[string]int) {
	t.Helper()
	got, seen := map[string]int{}, map[canon.ID]bool{}
	for from := uint64(0); ; {
		page := *get[[]theriac.Exchange](t, w.office.party, "/v1/cases", url.Values{"case": {id}, "from": {fmt.Sprint(from)}})
		for _, x := range page {
			e, err := envelope.ParseJWS([]byte(x.Envelope))
			if err != nil {
				t.Fatal(err)
			}
			if seen[e.Claims.ID] {
				t.Errorf("%s %s is on the ledger twice", x.Type, e.Claims.ID)
			}
			seen[e.Claims.ID] = true
			got[x.Type]++
			from = x.Leaf.Index + 1
		}
		if len(page) == 0 {
			break
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("the ledger has %v of case %s, want %v", got, id, want)
	}
	for _, p := range []*process{w.dm, w.ms} {
		kept := map[canon.ID]bool{}
		for cursor := ""; ; {
			page := get[api.Messages](t, p.party, "/v1/messages", url.Values{"case": {id}, "cursor": {cursor}, "limit": {"500"}})
			for _, m := range page.Items {
				if kept[m.ID] || !seen[m.ID] || m.Status != "sent" && m.Status != "received" {
					t.Errorf("%s keeps %s as %s, on the ledger %v, twice %v", p.Name, m.ID, m.Status, seen[m.ID], kept[m.ID])
				}
				kept[m.ID] = true
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		if len(kept) != len(seen) {
			t.Errorf("%s keeps %d messages of case %s, the ledger has %d", p.Name, len(kept), id, len(seen))
		}
	}
}

// killWhileReleasing kills the manufacturer in the middle of making 200,000 packs.
func (w *town) killWhileReleasing(t *testing.T) {
	t.Helper()
	r := w.walk.order()
	r.Size, r.Codes = 200_000, true
	j, err := client.Post[api.Job](t.Context(), w.dm.API, "/v1/batches", "release", r)
	if err != nil {
		t.Fatal(err)
	}
	at := 1 + rand.Uint64N(200_000) // an eighth are packs, then their codes
	until(t, "some packs are made", func() bool {
		now := get[api.Job](t, w.dm.party, "/v1/jobs/"+j.ID.String(), nil)
		return now.Done >= at || now.State != "running"
	})
	w.dm.kill()
	w.dm.start()
	w.dm.ready()
	var last *api.Job
	until(t, "the job ends", func() bool {
		last, err = client.Get[api.Job](t.Context(), w.dm.API, "/v1/jobs/"+j.ID.String(), nil)
		return err == nil && last.State != "running"
	})
	if last.State != "done" {
		t.Fatalf("killed at %d packs: %+v", at, last)
	}
	// Asked for again, it is the same job and no second batch.
	again, err := client.Post[api.Job](t.Context(), w.dm.API, "/v1/batches", "release", r)
	if err != nil || again.ID != j.ID {
		t.Errorf("the release again: %+v, %v, want job %s", again, err, j.ID)
	}
	if _, err := client.Post[api.Job](t.Context(), w.dm.API, "/v1/batches", "", r); err == nil {
		t.Error("the same lot under another key: nil, want batch_exists")
	}
	packs := *get[[]api.Printed](t, w.dm.party, "/v1/batches/"+last.Result+"/packs", url.Values{"from": {"199999"}, "limit": {"2"}})
	if len(packs) != 1 || packs[0].Index != 199_999 {
		t.Errorf("the last packs of the batch: %+v", packs)
	}
	w.killWhileRedeeming(t, last.Result)
	if n := w.released(t); n != 1 {
		t.Errorf("killed at %d packs: the batch is on the ledger %d times", at, n)
	}
}

// The manufacturer and the supplier are killed while messages come to them and go
// from them. What was acknowledged is there, and is there once.
func TestKillOrganisation(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	for _, p := range []*process{w.office, w.dm, w.ms} {
		p.start()
	}
	w.dm.ready()
	w.ms.ready()
	m := &mail{town: w, asked: map[canon.ID]bool{}, answered: map[canon.ID]bool{}, lost: map[canon.ID]bool{}}
	for range 2 {
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			m.flow(12)
		}()
		for _, p := range []*process{w.ms, w.dm} {
			pause(t, time.Duration(20+rand.IntN(200))*time.Millisecond)
			p.kill()
			p.start()
		}
		w.dm.ready()
		w.ms.ready()
		select {
		case <-ended:
		case <-time.After(40 * time.Second):
			t.Fatal("the mail does not flow again")
		}
	}
	m.unsure(w.dm, m.asked)
	w.arrive(t, slices.Collect(maps.Keys(m.asked)))
	m.answerAll(t)
	for id := range m.answered {
		until(t, "answer "+id.String()+" arrives", func() bool {
			a, err := client.Get[api.Message](t.Context(), w.ms.API, "/v1/messages/"+id.String(), nil)
			return err == nil && a.Status == "sent"
		})
	}
	if len(m.asked) < 20 || len(m.answered) != len(m.asked) {
		t.Errorf("%d requests, %d answers, want 20 or more and as many", len(m.asked), len(m.answered))
	}
	w.exactly(t, "killed", map[string]int{pedigree.TypeMaterialRequest: len(m.asked), pedigree.TypeMaterialSupply: len(m.answered)})
}

// pause lets time pass in which others work: the moment of the kill is at random.
func pause(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
	}
}

// A mail is the letters between manufacturer and supplier.
type mail struct {
	*town
	// The messages: true, those that were acknowledged to their operators; false,
	// those that were at work at a kill.
	asked, answered map[canon.ID]bool
	next            int
	lost            map[canon.ID]bool // at work at a kill, and not there
}

// flow has the manufacturer's operator ask n times, and the supplier's answer what
// has come.
func (m *mail) flow(n int) {
	for range n {
		m.next++
		m.insist(m.dm, "/v1/material-requests", fmt.Sprint("ask-", m.next), letter(m.next, m.ms.GLN, "killed"), m.asked)
		m.answerSome()
	}
}

// insist posts again and again until it is acknowledged: under one key, so that it
// is one message.
func (m *mail) insist(by *process, path, key string, body any, into map[canon.ID]bool) {
	if m.lost[messageOf(by.GLN, key)] {
		key += "-again"
	}
	for by.t.Context().Err() == nil {
		got, err := client.Post[api.Message](by.t.Context(), by.API, path, key, body)
		if err == nil {
			into[got.ID] = true
			return
		}
		if refusal.Code(err) == "in_progress" {
			// It was killed at work on this; for as long as that may have been somebody
			// else's, the key is taken. The message has a name that follows from the key.
			if id := messageOf(by.GLN, key); !into[id] {
				into[id] = false
			}
			return
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-by.t.Context().Done():
		}
	}
}

// messageOf returns the number of the message that a key stands for.
func messageOf(gln, key string) canon.ID {
	d := canon.Hash("theriac/idempotency-key/1", []byte(gln), []byte(key))
	return canon.ID(d[:16])
}

// answerSome answers the requests that the supplier has received.
func (m *mail) answerSome() {
	got, err := client.Get[api.Messages](m.ms.t.Context(), m.ms.API, "/v1/messages",
		url.Values{"type": {pedigree.TypeMaterialRequest}, "case": {"killed"}, "limit": {"500"}})
	if err != nil {
		return // it is down; the next time
	}
	for _, q := range got.Items {
		bc := q.Receipt.BC
		m.insist(m.ms, "/v1/material-supplies", "answer-"+bc.String(), map[string]any{
			"to": m.dm.GLN, "prev": []canon.Digest{bc}, "content": map[string]any{"material": "substance", "lots": []any{map[string]any{
				"analysis": canon.Sum([]byte("analysis")), "gtin": m.material.GTIN, "lot": "K1", "produced": "2026-10-01",
			}}},
		}, m.answered)
	}
}

// unsure forgets messages that were not acknowledged and are not there.
func (m *mail) unsure(by *process, what map[canon.ID]bool) {
	for id, acknowledged := range what {
		_, err := client.Get[api.Message](by.t.Context(), by.API, "/v1/messages/"+id.String(), nil)
		if refusal.Code(err) == "not_found" && !acknowledged {
			delete(what, id)
			m.lost[id] = true
		}
	}
}

func (m *mail) answerAll(t *testing.T) {
	t.Helper()
	until(t, "every request is answered", func() bool {
		m.answerSome()
		m.unsure(m.ms, m.answered)
		return len(m.answered) >= len(m.asked)
	})
}
