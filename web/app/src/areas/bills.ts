export { default as BillsPage } from '../pages/bills/BillsPage.vue'
export { default as BillPage } from '../pages/bills/BillPage.vue'
