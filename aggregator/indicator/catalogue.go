package indicator

import (
	"slices"

	"iptvdc/aggregator"
)

// catalogue is every figure, in the order in which people read them.
var catalogue = editedFigures(timed(slices.Concat(
	belonging(aggregator.DataActivity, activityFigures),
	belonging(aggregator.DataEPG, epgFigures),
	belonging(aggregator.DataRatings, viewingFigures),
	belonging(aggregator.DataOrders, ordersFigures),
	belonging(aggregator.DataQuality, playbackFigures),
	belonging(aggregator.DataUsers, usersFigures),
	belonging(aggregator.DataUsers, loyaltyFigures),
	belonging(aggregator.DataOrders, billsFigures),
	belonging(aggregator.DataQuality, qualityFigures),
	belonging(aggregator.DataRatings, projectedFigures),
	belonging(aggregator.DataRatings, ratingsFigures),
	belonging(aggregator.DataEPG, journeysFigures),
	belonging(aggregator.DataActivity, restFigures),
	belonging(aggregator.DataVOD, vodFigures),
	belonging(aggregator.DataQuality, boxesFigures),
)))
