package device

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"time"

	"theriac/canon"
	"theriac/genuine"
	"theriac/refusal"
)

const bookFile = "measurements.jsonl"

// An entry is a line of a measuring device's book: for whom it measured what, and what
// came of it. It has nothing that was read, and no transaction information.
type entry struct {
	Time         string       `json:"time"`
	From         string       `json:"from"` // address of who asked
	Registration canon.Digest `json:"registration"`
	Index        uint64       `json:"index"`
	Consignee    string       `json:"consignee"`
	Place        string       `json:"place"`
	Line         canon.Digest `json:"line"`
	Epoch        uint64       `json:"epoch"`
	Outcome      string       `json:"outcome"` // legitimate, or the code of the refusal
}

// openBook opens the book behind its last whole line.
func openBook(f *folder) (*os.File, error) {
	book, err := f.root.OpenFile(bookFile, os.O_RDWR|os.O_APPEND|os.O_CREATE, fileMode)
	if err != nil {
		return nil, err
	}
	end, err := book.Seek(0, io.SeekEnd)
	last := []byte{'\n'}
	if err == nil && end > 0 {
		_, err = book.ReadAt(last, end-1)
	}
	if err == nil && last[0] != '\n' { // a crash cut it off
		_, err = book.Write([]byte{'\n'})
	}
	if err != nil {
		return nil, errors.Join(err, book.Close())
	}
	return book, nil
}

// note writes what came of a challenge.
func (m *Meter) note(from string, c *genuine.Challenge, came error) error {
	outcome := "legitimate"
	if came != nil {
		if outcome = refusal.Code(came); outcome == "" {
			outcome = errBroken.Code()
		}
	}
	u := &c.Transaction
	raw, err := json.Marshal(entry{
		m.Now().UTC().Format(time.RFC3339Nano), from, c.Registration, u.Index, c.Consignee, c.Place, u.Line, u.Epoch, outcome,
	})
	if err != nil {
		return err
	}
	if _, err := m.book.Write(append(raw, '\n')); err != nil {
		return err
	}
	return m.book.Sync()
}
