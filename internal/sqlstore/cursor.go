package sqlstore

import (
	"encoding/binary"
	"fmt"
	"math"

	"theriac/canon"
	"theriac/internal/supply"
)

// A listing is what a cursor belongs to: one is no other's.
type listing byte

const (
	inMail listing = iota + 1
	inBook
	inBatches
	inJobs
	inStock
)

// cursor returns the text that names the place after a row.
func (l listing) cursor(seq int64) string {
	return canon.Text(binary.BigEndian.AppendUint64([]byte{byte(l)}, uint64(seq)))
}

// place returns the row that a page comes after, or supply.ErrRequest for a
// cursor that this listing did not give.
func (l listing) place(cursor string) (int64, error) {
	if cursor == "" {
		return math.MaxInt64, nil
	}
	raw, err := canon.ParseText(cursor)
	if err != nil || len(raw) != 9 || raw[0] != byte(l) || raw[1] > math.MaxInt8 {
		return 0, fmt.Errorf("%w: no such cursor", supply.ErrRequest)
	}
	return int64(binary.BigEndian.Uint64(raw[1:])), nil
}

// maxPage bounds what a caller can ask for at once.
const maxPage = 10_000

// rows returns how many rows are asked for.
func rows(limit int) (int32, error) {
	if limit < 1 {
		return 0, fmt.Errorf("%w: a limit of %d", supply.ErrRequest, limit)
	}
	return int32(min(limit, maxPage)), nil
}
