// Package verify compares what a fleet knows to have happened with what the
// centre says: event by event, and figure by figure with the oracle's.
//
// First it waits until the centre has nothing left to load or close. Then it
// compares, box by box and kind by kind, the number of events and the sum of
// their times, and names lost and doubled events; then every indicator, alone,
// by each of its dimensions, and by province and each of them, by hour, day,
// week, month and in total.
//
// With what the feeds' truth says of contents, broadcasts and accounts also what is
// made of both: ratings of programmes, genres, coverage, who is silent, comes back and
// stays, projections with their standard errors, and every figure beside that of an
// earlier time, and figures of what each product opens. TestEveryFigure
// holds that no declared figure is left out.
//
// Feeds compares what provinces sent in the same manner: what became of each file,
// accounts, flows, orders, buyers, refunds, providers' parts, renewals and how boxes and
// carriers agree.
package verify
