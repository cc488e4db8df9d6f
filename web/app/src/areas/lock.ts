export { default as UnlockPage } from '../pages/lock/UnlockPage.vue'
export { default as UnlockDocumentsPage } from '../pages/lock/UnlockDocumentsPage.vue'
export { default as HistoryPage } from '../pages/lock/HistoryPage.vue'
export { default as CheckupPage } from '../pages/lock/CheckupPage.vue'
