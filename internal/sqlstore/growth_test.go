package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"theriac/canon"
	"theriac/internal/sqlstore/query"
	"theriac/internal/supply"
)

// grown is how many messages there are.
const grown = 100_000

// growth fills a store with messages, and with a tenth as many of everything else.
// Few messages are queued or refused, and one type is rare.
var growth = []string{
	`INSERT INTO messages (id, issuer, audience, type, case_id, body, status, created, attempts, next, code, bc, envelope, height, leaf, block_time)
	SELECT 'id' || i, 'own', 'other', CASE WHEN i % 30011 = 0 THEN 'rare/1' ELSE 'type/' || (i % 7) END, 'case' || (i / 4), EMPTY,
		CASE WHEN i % 10007 = 0 THEN 'queued' WHEN i % 5003 = 0 THEN 'refused' WHEN i % 3 = 0 THEN 'sent' ELSE 'received' END,
		i, 0, i, '', 'bc' || i, '', 0, 0, 0 FROM n`,
	`INSERT INTO follows (prev, message) SELECT 'bc' || (seq / 2), seq FROM messages`,
	`INSERT INTO jobs (id, kind, state, done, total, result, code, text, created, updated)
	SELECT 'id' || i, '', CASE WHEN i % 1009 = 0 THEN 'running' ELSE 'done' END, 0, 0, '', '', '', 0, 0 FROM few`,
	`INSERT INTO batches (id, gtin, lot, expiry, size, certificate, document, created) SELECT 'id' || i, 'gtin' || (i / 100), '', '', 0, '', '', 0 FROM few`,
	`INSERT INTO documents (digest, media, created, leaf, height, block_time) SELECT 'digest' || i, '', 0, 0, 0, 0 FROM few`,
	`INSERT INTO mentions (identifier, document, event, role) SELECT 'pack' || (seq / 3), seq, 0, '' FROM documents`,
	`INSERT INTO audit (time, actor, action, subject, code, detail) SELECT i, '', '', '', '', '' FROM few`,
	`INSERT INTO applications (id, gln, content, created) SELECT 'id' || i, '', EMPTY, 0 FROM few`,
	`INSERT INTO responses (key, request, at, status, type) SELECT 'key' || i, '', i, i % 2, '' FROM few`,
	`INSERT INTO reports (id, jws, sent_to, created, handed) SELECT 'id' || i, EMPTY, EMPTY, 0, CASE WHEN i % 1009 = 0 THEN 0 ELSE 1 END FROM few`,
	`INSERT INTO holdings (batch) SELECT 'id' || i FROM few`,
	`INSERT INTO line_keys (line, device, epoch) SELECT 'line' || (i / 100), 'device' || (i / 3), i % 3 FROM few`,
	`INSERT INTO registrations (id, root, created) SELECT 'id' || i, '', 0 FROM few`,
	`INSERT INTO mark_parts (registration, part) SELECT (seq + 99) / 100, seq % 100 FROM registrations`,
	`INSERT INTO consignments (registration, message) SELECT 'id' || i, '' FROM few`,
	`ANALYZE`,
}

// growsAlongIndexes looks at how the engine would do, and PostgreSQL does, every
// query that is not for all rows. None may look through a table, or at many
// rows in vain.
func growsAlongIndexes(t *testing.T, e engine) {
	s := open(t, e.empty(t))
	const numbers = "FROM (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT i FROM n) AS n"
	n := with(e, grownSQLite, grown)
	words := strings.NewReplacer("FROM n", fmt.Sprintf(numbers, n), "FROM few", fmt.Sprintf(numbers, n/10), "EMPTY", with(e, "x''", "''"))
	for _, statement := range growth {
		do(t, s.write, words.Replace(statement))
	}
	if e.postgres == nil {
		// Nobody runs ANALYZE in production: the plans must do without it.
		do(t, s.write, "DELETE FROM sqlite_stat1")
	}
	r := &recorder{DBTX: s.write}
	askEverything(t, query.New(r))
	if len(r.asked) < 25 {
		t.Fatalf("recorded %d queries", len(r.asked))
	}
	explain := with(e, explainSQLite, explainPostgres)
	for _, a := range r.asked {
		explain(t, s.write, a)
	}
}

// askEverything does every query that a store asks for less than all rows.
func askEverything(t *testing.T, q *query.Queries) {
	ctx := t.Context()
	check := func(_ any, err error) {
		t.Helper()
		if err != nil && err != sql.ErrNoRows {
			t.Fatal(err)
		}
	}
	for _, f := range []supply.Filter{
		{},
		{Type: "type/1"},
		{Type: "rare/1"},
		{Type: "absent"},
		{Status: supply.Received},
		{Status: supply.Queued},
		{Status: "absent"},
		{Status: supply.Received, Type: "type/1"},
		{Status: supply.Received, Type: "rare/1"},
		{Status: supply.Received, Type: "absent"},
		{Status: supply.Queued, Type: "type/1"},
		{Case: "case77"},
		{Case: "case77", Status: supply.Sent, Type: "rare/1"},
		{Prev: canon.Sum(nil)},
		{Prev: canon.Sum(nil), Case: "case77", Status: supply.Sent, Type: "rare/1"},
	} {
		for _, before := range []int64{1 << 62, grown / 2} {
			check(choose(ctx, q, f, before, 50))
		}
	}
	bc := query.Text("bc5")
	check(q.DueMessages(ctx, query.DueMessagesParams{Now: grown, Count: 16}))
	check(q.Message(ctx, query.MessageParams{ID: "id5", Issuer: "own"}))
	check(q.MessageBySeq(ctx, 5))
	check(q.MessageByAnchor(ctx, &bc))
	check(q.SettleMessage(ctx, query.SettleMessageParams{ID: "id5", Issuer: "own"}))
	check(q.DeferMessage(ctx, query.DeferMessageParams{ID: "id5"}))
	check(q.Batch(ctx, "id5"))
	check(q.BatchesOf(ctx, "gtin5"))
	check(q.Job(ctx, "id5"))
	check(q.RunningJobs(ctx))
	check(q.Document(ctx, "digest5"))
	check(q.Mentioning(ctx, "pack5"))
	check(q.Entries(ctx, query.EntriesParams{Before: grown / 20, Count: 50}))
	check(q.Application(ctx, "id5"))
	check(q.Report(ctx, "id5"))
	check(q.HandReport(ctx, "id5"))
	check(q.UnhandedReports(ctx))
	check(q.ListBatches(ctx, query.ListBatchesParams{Before: grown / 20, Count: 50}))
	check(q.ListJobs(ctx, query.ListJobsParams{Before: grown / 20, Count: 50}))
	check(q.Holdings(ctx, query.HoldingsParams{Before: grown / 20, Count: 50}))
	check(q.Waiting(ctx, query.WaitingParams{Latest: 1 << 62, Count: 1000}))
	check(q.LineKeys(ctx, query.LineKeysParams{Line: "line5", Device: "device5"}))
	check(q.Registration(ctx, "id5"))
	check(q.MarkPart(ctx, query.MarkPartParams{ID: "id5", Part: 3}))
	check(q.MarkRoots(ctx, "id5"))
	check(nil, q.DeleteRegistration(ctx, "absent"))
	check(q.Consignment(ctx, "id5"))
	check(q.Response(ctx, "key5"))
	check(q.AnswerKey(ctx, query.AnswerKeyParams{Key: "key5"}))
	check(nil, q.ReleaseKey(ctx, query.ReleaseKeyParams{Key: "key5"}))
	check(nil, q.PruneResponses(ctx, 50))
}

// A question is a query with its arguments.
type question struct {
	text string
	args []any
}

// A recorder notes what is asked through it.
type recorder struct {
	query.DBTX

	asked []question
}

func (r *recorder) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	r.asked = append(r.asked, question{text, args})
	return r.DBTX.ExecContext(ctx, text, args...)
}

func (r *recorder) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	r.asked = append(r.asked, question{text, args})
	return r.DBTX.QueryContext(ctx, text, args...)
}

func (r *recorder) QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row {
	r.asked = append(r.asked, question{text, args})
	return r.DBTX.QueryRowContext(ctx, text, args...)
}

func explainSQLite(t *testing.T, db *sql.DB, q question) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+q.text, q.args...)
	must(t, "EXPLAIN", err)
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var step string
		must(t, "Scan", rows.Scan(&id, &parent, &unused, &step))
		// These indexes have running jobs and reports to hand on alone: all of them is wanted.
		step = strings.Replace(step, "SCAN jobs USING INDEX jobs_running", "", 1)
		step = strings.Replace(step, "SCAN reports USING INDEX reports_unhanded", "", 1)
		if strings.Contains(step, "SCAN") || strings.Contains(step, "TEMP B-TREE") {
			t.Errorf("%s%v: %s", q.text, q.args, step)
		}
	}
	must(t, "EXPLAIN", rows.Err())
}

// A query may look at a page of rows, or at those of one product, and at no more
// in vain than those of one case.
const (
	maxRows   = 100
	maxThrown = 10
)

var (
	rowsFound  = regexp.MustCompile(`actual rows=(\d+)`)
	rowsThrown = regexp.MustCompile(`Rows Removed by [\w ]+: (\d+)`)
)

// explainPostgres looks at the plan for these arguments, and at the one for any,
// to which the server changes after some calls.
func explainPostgres(t *testing.T, db *sql.DB, q question) {
	t.Helper()
	conn, err := db.Conn(t.Context())
	must(t, "Conn", err)
	defer conn.Close()
	run := func(statement string) string {
		rows, err := conn.QueryContext(t.Context(), statement)
		must(t, statement, err)
		defer rows.Close()
		var plan strings.Builder
		for rows.Next() {
			var line string
			must(t, "Scan", rows.Scan(&line))
			fmt.Fprintln(&plan, line)
		}
		must(t, statement, rows.Err())
		return plan.String()
	}
	run("PREPARE q AS " + q.text)
	for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
		run("SET plan_cache_mode = " + mode)
		plan := run("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) EXECUTE q" + literals(t, q.args))
		if strings.Contains(plan, "Seq Scan") || most(t, rowsFound, plan) > maxRows || most(t, rowsThrown, plan) > maxThrown {
			t.Errorf("%s%v: %s:\n%s", q.text, q.args, mode, plan)
		}
	}
	run("DEALLOCATE q")
}

// most returns the largest of the numbers in a plan.
func most(t *testing.T, number *regexp.Regexp, plan string) int {
	largest := 0
	for _, m := range number.FindAllStringSubmatch(plan, -1) {
		n, err := strconv.Atoi(m[1])
		must(t, "Atoi", err)
		largest = max(largest, n)
	}
	return largest
}

// literals returns arguments as PostgreSQL's EXECUTE takes them.
func literals(t *testing.T, args []any) string {
	if len(args) == 0 {
		return ""
	}
	var out []string
	for _, arg := range args {
		v, err := driver.DefaultParameterConverter.ConvertValue(arg)
		must(t, "ConvertValue", err)
		switch v := v.(type) {
		case nil:
			out = append(out, "NULL")
		case []byte:
			out = append(out, fmt.Sprintf(`'\x%x'`, v))
		default:
			out = append(out, "'"+strings.ReplaceAll(fmt.Sprint(v), "'", "''")+"'")
		}
	}
	return "(" + strings.Join(out, ", ") + ")"
}
