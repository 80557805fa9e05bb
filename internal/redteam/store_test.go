package redteam

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	_ "modernc.org/sqlite" // the driver of the store that is edited

	"theriac"
	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/client"
	"theriac/internal/organisation"
	"theriac/refusal"
)

// Attack 000-10, the operator edits a database: the maker's own store, the state of
// the ledger, a transaction of the log. What comes out does not verify.
func TestAttack000_10_Database(t *testing.T) {
	t.Parallel()
	w := ownStage(t)
	k := (&walk{w: w, last: 8}).run(t)
	code := k.code(t, 0)
	body, err := json.Marshal(api.Move{Packs: []string{code}, From: "active", To: "dispensed"})
	if err != nil {
		t.Fatal(err)
	}
	if a := w.request(t, http.MethodPost, w.pharmacy, "/v1/moves", w.pharmacy.token, body); a.status != http.StatusOK {
		t.Fatal(a)
	}
	if v := w.judge(t, k.code(t, 1)); v.Verdict != theriac.Genuine {
		t.Fatalf("before the attack: %+v", v)
	}
	printed := []string{code, k.code(t, 1)}
	w.editStore(t, k, printed[1])
	w.stop()

	whole := w.office
	for what, x := range map[string]struct {
		pack uint64
		want string
		edit func(t *testing.T, db *pebble.DB)
	}{
		"the dispensed pack is active again": {0, "not_on_ledger", func(t *testing.T, db *pebble.DB) { undispense(t, db, k) }},
		"the batch expires later":            {1, "not_on_ledger", func(t *testing.T, db *pebble.DB) { postpone(t, db, k) }},
		"a message says another lot":         {1, "body_mismatch", func(t *testing.T, db *pebble.DB) { reword(t, db, string(k.material.Lot), "M0") }},
	} {
		t.Run(what, func(t *testing.T) {
			p := copied(t, whole)
			db, err := pebble.Open(filepath.Join(p.dir, "node", "data", "chain"), &pebble.Options{Logger: quiet{}})
			if err != nil {
				t.Fatal(err)
			}
			x.edit(t, db)
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			office := w.reopen(t, p, organisation.Options{})
			defer office.stop()
			office.ready(t)
			maker := w.reopen(t, w.dm, organisation.Options{Node: office.org.Node})
			defer maker.stop()
			raw, err := maker.API.Bundle(t.Context(), printed[x.pack])
			if err != nil {
				t.Fatal(err)
			}
			if v := w.verify(t, raw); v.Verdict != theriac.Refused || codeOf(v) != x.want {
				t.Errorf("%+v, want %q", v, x.want)
			}
		})
	}
}

// editStore changes the event of the making in the maker's store.
func (w *world) editStore(t *testing.T, k *walk, code string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(w.dm.dir, "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var event []byte
	if err := db.QueryRowContext(t.Context(), "SELECT transformation FROM batches WHERE id = ?", k.batch.String()).Scan(&event); err != nil {
		t.Fatal(err)
	}
	set := func(event []byte) {
		if _, err := db.ExecContext(t.Context(), "UPDATE batches SET transformation = ? WHERE id = ?", event, k.batch.String()); err != nil {
			t.Fatal(err)
		}
	}
	other := bytes.Replace(event, []byte(k.material.Lot), []byte("M0"), 1)
	if bytes.Equal(other, event) {
		t.Fatalf("the event does not name the material: %s", event)
	}
	set(other)
	if v := w.judge(t, code); v.Verdict != theriac.Refused || codeOf(v) != "bad_transformation" {
		t.Errorf("another event in the maker's store: %+v", v)
	}
	set(event)
	if v := w.judge(t, code); v.Verdict != theriac.Genuine {
		t.Errorf("with the event put back: %+v", v)
	}
}

// change rewrites a record of the ledger's state.
func change[T any](t *testing.T, db *pebble.DB, key []byte, bend func(v *T)) {
	t.Helper()
	key = append([]byte("s"), key...)
	raw, closer, err := db.Get(key)
	if err != nil {
		t.Fatal(err)
	}
	var v T
	if err := canon.DecodeCBOR(bytes.Clone(raw), &v); err != nil {
		t.Fatal(err)
	}
	if err := closer.Close(); err != nil {
		t.Fatal(err)
	}
	bend(&v)
	if raw, err = canon.CBOR(v); err != nil {
		t.Fatal(err)
	}
	if err := db.Set(key, raw, pebble.Sync); err != nil {
		t.Fatal(err)
	}
}

func undispense(t *testing.T, db *pebble.DB, k *walk) {
	t.Helper()
	change(t, db, chain.UnitsKey(k.batch, 0), func(p *chain.Page) {
		for i := range k.packs {
			p.Set(i, chain.UnitActive, chain.UnitActive)
		}
	})
}

func postpone(t *testing.T, db *pebble.DB, k *walk) {
	t.Helper()
	change(t, db, chain.BatchKey(k.batch), func(b *chain.Batch) { b.Release.Expiry = "2099-12-31" })
}

// reword puts another text of the same length into every transaction of the log.
func reword(t *testing.T, db *pebble.DB, old, text string) {
	t.Helper()
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: []byte("t"), UpperBound: []byte("u")})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for ok := it.First(); ok; ok = it.Next() {
		raw := bytes.ReplaceAll(it.Value(), []byte(`"`+old+`"`), []byte(`"`+text+`"`))
		if bytes.Equal(raw, it.Value()) {
			continue
		}
		n++
		if err := db.Set(bytes.Clone(it.Key()), raw, pebble.Sync); err != nil {
			t.Fatal(err)
		}
	}
	if err := it.Close(); err != nil || n == 0 {
		t.Fatalf("%d transactions hold %q, %v", n, old, err)
	}
}

// A kill between what was asked and its answer: whoever asks again under his
// Idempotency-Key, once the lease is over, has the message that was queued.
func TestKillBeforeAnswer(t *testing.T) {
	t.Parallel()
	w := ownStage(t)
	ask := func(key string, n int) (*api.Message, error) {
		return client.Post[api.Message](t.Context(), w.dm.API, "/v1/material-requests", key, letter(n, w.ms.GLN, "cut-off"))
	}
	first, err := ask("key", 1)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(w.dm.dir, "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	// As the kill leaves it: taken, not answered, long ago.
	if _, err := db.ExecContext(t.Context(), "UPDATE responses SET status = 0, at = 0 WHERE key = 'key'"); err != nil {
		t.Fatal(err)
	}
	again, err := ask("key", 1)
	if err != nil || again.ID != first.ID {
		t.Errorf("asked again: %+v, %v, want message %s", again, err, first.ID)
	}
	if _, err := ask("key", 2); refusal.Code(err) != "idempotency_conflict" {
		t.Errorf("another request under the key: %v", err)
	}
	mail := get[api.Messages](t, w.dm, "/v1/messages", url.Values{"case": {"cut-off"}})
	if len(mail.Items) != 1 {
		t.Errorf("%d messages, want 1", len(mail.Items))
	}
}
